#include "core/ids/slug.h"

#include <algorithm>

#include "core/limits.h"

namespace tenure {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

void shorten(std::string& text, std::size_t chars_max) {
  if (text.size() > chars_max) text.resize(chars_max);
  while (text.ends_with('-')) text.pop_back();
}

}  // namespace

std::expected<Slug, std::string> Slug::parse(std::string_view text) {
  const bool well_formed =
      text.size() >= limits::slug_chars_min && text.size() <= limits::slug_chars_max &&
      std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; }) &&
      text.front() != '-' && text.back() != '-';
  if (!well_formed) {
    return std::unexpected(
        "must be 3 to 39 lower-case letters, digits and hyphens, and neither begin nor end with a hyphen");
  }
  return Slug(std::string(text));
}

Slug Slug::from_name(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (is_letter_or_digit(c)) {
      text += c;
    } else if (!text.empty() && text.back() != '-') {
      text += '-';
    }
  }
  shorten(text, limits::slug_chars_max);
  if (text.empty()) text = "workspace";
  if (text.size() < limits::slug_chars_min) text += "-workspace";
  return Slug(std::move(text));
}

Slug Slug::with_suffix(int number) const {
  const auto suffix = "-" + std::to_string(number);
  auto text = text_;
  shorten(text, limits::slug_chars_max - suffix.size());
  return Slug(text + suffix);
}

}  // namespace tenure
