// Slugs: what a workspace is called in addresses. ^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$, 3 to 39 characters.
#pragma once

#include <compare>
#include <expected>
#include <string>
#include <string_view>

namespace tenure {

class Slug {
 public:
  Slug() = default;  // empty: no slug
  [[nodiscard]] static std::expected<Slug, std::string> parse(std::string_view text);
  // Always a valid one: ASCII letters in lower case and digits; whatever is between them becomes one hyphen;
  // a name that gives too little becomes "workspace" or is followed by it.
  [[nodiscard]] static Slug from_name(std::string_view name);
  // "-<number>" at its end, shortened where it would be too long.
  [[nodiscard]] Slug with_suffix(int number) const;

  [[nodiscard]] const std::string& str() const { return text_; }
  friend auto operator<=>(const Slug&, const Slug&) = default;

 private:
  explicit Slug(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace tenure
