#include "core/json/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/detail/value_to.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

namespace tenure::json {
namespace {

// Builds the value, and refuses a member name that comes twice in one object.
class Handler {
 public:
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  explicit Handler(Memory memory) { stack_.reset(std::move(memory)); }
  Value release() { return stack_.release(); }
  const std::optional<std::string>& duplicate() const { return duplicate_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t size, error_code& error) {
    const auto members = std::span(members_).last(size);
    std::ranges::sort(members, {}, [this](const Name& name) { return text_of(name); });
    const auto twice =
        std::ranges::adjacent_find(members, {}, [this](const Name& name) { return text_of(name); });
    if (twice != members.end()) {
      duplicate_ = text_of(*twice);
      error = boost::json::error::syntax;
      return false;
    }
    members_.resize(members_.size() - size);
    stack_.push_object(size);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t size, error_code&) {
    stack_.push_array(size);
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    names_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(string_view part, std::size_t size, error_code&) {
    names_.append(part.data(), part.size());
    members_.push_back({names_.size() - size, size});
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, string_view, error_code&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, string_view, error_code&) {
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, string_view, error_code& error) {
    if (number - number != 0) {
      error = boost::json::error::exponent_overflow;
      return false;
    }
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  struct Name {
    std::size_t at;  // in `names_`
    std::size_t size;
  };
  [[nodiscard]] std::string_view text_of(const Name& name) const {
    return std::string_view(names_).substr(name.at, name.size);
  }

  std::array<unsigned char, 4096> scratch_;  // enough for most values: no allocation for what is half built
  boost::json::value_stack stack_{{}, scratch_.data(), scratch_.size()};
  std::string names_;          // of all members so far
  std::vector<Name> members_;  // of the objects that are not closed yet
  std::optional<std::string> duplicate_;
};

constexpr std::int64_t exact_integer_max = (std::int64_t{1} << 53) - 1;  // beyond it a double is not exact

// UTF-16 has the characters beyond U+FFFF begin with D800 to DFFF, so before U+E000 to U+FFFF: there alone
// its order is not that of UTF-8.
std::uint8_t utf16_rank(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= 0xf0 ? byte - 2 : byte == 0xee || byte == 0xef ? byte + 5 : byte;
}

bool before_in_utf16(std::string_view left, std::string_view right) {
  const auto [l, r] = std::ranges::mismatch(left, right);
  if (l == left.end() || r == right.end()) return l == left.end() && r != right.end();
  return utf16_rank(*l) < utf16_rank(*r);
}

void write_canonical(const Value& value, std::string& out) {
  switch (value.kind()) {
    case boost::json::kind::object: {
      std::vector<const Object::value_type*> members;
      for (const auto& member : value.get_object()) members.push_back(&member);
      std::ranges::sort(members, before_in_utf16,
                        [](const auto* member) { return std::string_view(member->key()); });
      out += '{';
      for (const auto* member : members) {
        if (member != members.front()) out += ',';
        append_string(out, member->key());
        out += ':';
        write_canonical(member->value(), out);
      }
      out += '}';
      return;
    }
    case boost::json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        write_canonical(element, out);
      }
      out += ']';
      return;
    }
    case boost::json::kind::string:
      return append_string(out, value.get_string());
    case boost::json::kind::int64:
      if (value.get_int64() > exact_integer_max || value.get_int64() < -exact_integer_max) break;
      out += std::to_string(value.get_int64());
      return;
    case boost::json::kind::uint64:
      if (value.get_uint64() > exact_integer_max) break;
      out += std::to_string(value.get_uint64());
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::double_:
      break;
  }
  throw std::logic_error("canonical JSON is written for integers below 2^53 only");
}

}  // namespace

std::expected<Value, ParseError> parse(std::string_view text, std::size_t depth_max, Memory memory) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<Handler> parser(options, std::move(memory));
  boost::json::error_code error;
  const auto consumed = parser.write_some(false, text.data(), text.size(), error);
  if (!error && consumed < text.size()) {
    return std::unexpected(ParseError{"there is something after the end of the value", consumed});
  }
  if (!error && !parser.done()) return std::unexpected(ParseError{"it ends too early", text.size()});
  if (error) {
    const auto& duplicate = parser.handler().duplicate();
    auto message = duplicate ? "duplicate member \"" + *duplicate + "\"" : error.message();
    return std::unexpected(ParseError{std::move(message), consumed});
  }
  return parser.handler().release();
}

std::string canonical(const Value& value) {
  std::string out;
  write_canonical(value, out);
  return out;
}

std::string dump(const Value& value) { return boost::json::serialize(value); }

namespace {

// Whether one of eight characters has to be escaped: each test sets the top bit of its byte where it holds
// (Mycroft's trick). A false alarm beyond the first hit does no harm.
bool needs_escape(std::uint64_t eight) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t tops = 0x8080808080808080ULL;
  const auto has_zero = [](std::uint64_t bytes) { return (bytes - ones) & ~bytes & tops; };
  const auto control = (eight - ones * 0x20) & ~eight & tops;
  return (control | has_zero(eight ^ ones * '"') | has_zero(eight ^ ones * '\\')) != 0;
}

// How many characters from the first on stand in a JSON string as they are.
std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof(eight) <= text.size(); at += sizeof(eight)) {
    std::memcpy(&eight, text.data() + at, sizeof(eight));
    if (needs_escape(eight)) break;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return at;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto plain = plain_length(text);
  if (plain == text.size()) {
    const auto begin = out.size();
    const auto end = begin + plain + 2;
    // What the function is given as the size may be more than was asked for: libstdc++ 12 passes the
    // capacity.
    out.resize_and_overwrite(end, [&](char* bytes, std::size_t) {
      bytes[begin] = bytes[end - 1] = '"';
      text.copy(bytes + begin + 1, plain);
      return end;
    });
    return;
  }
  out += '"';
  for (;; plain = plain_length(text)) {
    out.append(text, 0, plain);
    if (plain == text.size()) break;
    const auto c = static_cast<unsigned char>(text[plain]);
    text.remove_prefix(plain + 1);
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += digits[c >> 4U];
        out += digits[c & 0xfU];
    }
  }
  out += '"';
}

void Writer::separate() {
  if (std::exchange(needs_comma_, true)) out_ += ',';
}

Writer& Writer::begin_object() {
  separate();
  out_ += '{';
  needs_comma_ = false;
  return *this;
}
Writer& Writer::end_object() {
  out_ += '}';
  needs_comma_ = true;
  return *this;
}
Writer& Writer::begin_array() {
  separate();
  out_ += '[';
  needs_comma_ = false;
  return *this;
}
Writer& Writer::end_array() {
  out_ += ']';
  needs_comma_ = true;
  return *this;
}
Writer& Writer::key(std::string_view name) {
  separate();
  append_string(out_, name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}
Writer& Writer::string(std::string_view text) {
  separate();
  append_string(out_, text);
  return *this;
}
Writer& Writer::integer(std::int64_t number) {
  const fmt::format_int digits(number);
  return raw({digits.data(), digits.size()});
}
Writer& Writer::unsigned_integer(std::uint64_t number) {
  const fmt::format_int digits(number);
  return raw({digits.data(), digits.size()});
}
Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }
Writer& Writer::null() { return raw("null"); }
Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace tenure::json
