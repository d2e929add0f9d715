#include "core/json/placeholder.h"

#include "core/json/json.h"

namespace tenure::json {
namespace {

constexpr std::string_view sealed_begin = "{\"$sealed\":\"";
constexpr std::string_view sealed_end = "\"}";
constexpr std::string_view url_begin = "\"html_url\":\"$public_url";

}  // namespace

std::string sealed_placeholder(const Sealed& value) {
  std::string text(sealed_begin);
  text += value.text();
  text += sealed_end;
  return text;
}

std::string fill_placeholders(std::string row, KeyStore& keys, std::string_view public_url) {
  for (auto at = row.find(sealed_begin); at != std::string::npos; at = row.find(sealed_begin, at)) {
    const auto value_at = at + sealed_begin.size();
    const auto end = row.find(sealed_end, value_at);
    if (end == std::string::npos) break;
    std::string name;
    append_string(name, Sealed(row.substr(value_at, end - value_at)).open(keys).value_or(""));
    row.replace(at, end + sealed_end.size() - at, name);
    at += name.size();
  }
  const auto key_size = url_begin.size() - public_url_placeholder.size();
  for (auto at = row.find(url_begin); at != std::string::npos; at = row.find(url_begin, at)) {
    row.replace(at + key_size, public_url_placeholder.size(), public_url);
    at += key_size + public_url.size();
  }
  return row;
}

}  // namespace tenure::json
