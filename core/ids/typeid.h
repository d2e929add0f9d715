// TypeIDs (TypeID 0.3): a prefix and a UUIDv7 in 26 characters of lower-case Crockford base32, `ws_01h2x...`.
// The prefix is part of the C++ type, so that an id of one thing cannot be passed for another.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "core/crypto/random.h"
#include "core/time/clock.h"

namespace tenure {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
  // 01890a5d-ac96-774b-bcce-b302099a8057
  [[nodiscard]] std::string str() const;
  // Lower or upper case hexadecimal with hyphens at their places; anything else is nothing.
  [[nodiscard]] static std::expected<Uuid, std::string> parse(std::string_view text);
};

// RFC 9562 version 7. Ids made in one millisecond are in random order.
[[nodiscard]] Uuid make_uuid_v7(Timestamp time, Random& random);
// The time that one of them was made at.
[[nodiscard]] Timestamp made_at(const Uuid& uuid);

// The 26 characters of a TypeID's suffix, and back. Overflow (first character above '7'), upper case, wrong
// length and letters outside the alphabet are errors.
[[nodiscard]] std::string encode_base32(const Uuid& uuid);
[[nodiscard]] std::expected<Uuid, std::string> decode_base32(std::string_view text);

template <std::size_t N>
struct IdPrefix {
  char text[N]{};
  // NOLINTNEXTLINE(google-explicit-constructor): a literal becomes the template argument.
  constexpr IdPrefix(const char (&literal)[N]) { std::copy_n(literal, N, text); }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

template <IdPrefix Prefix>
class TypeId {
 public:
  static constexpr std::string_view prefix = Prefix.view();
  static constexpr std::size_t length = prefix.size() + 1 + 26;

  constexpr TypeId() = default;  // nil: "no id"
  explicit constexpr TypeId(const Uuid& uuid) : uuid_(uuid) {}

  [[nodiscard]] static TypeId make(Timestamp time, Random& random) {
    return TypeId(make_uuid_v7(time, random));
  }
  [[nodiscard]] static std::expected<TypeId, std::string> parse(std::string_view text) {
    if (text.size() != length || !text.starts_with(prefix) || text[prefix.size()] != '_') {
      return std::unexpected(std::string("expected ") + std::string(prefix) + "_ and 26 characters");
    }
    auto uuid = decode_base32(text.substr(prefix.size() + 1));
    if (!uuid) return std::unexpected(std::move(uuid.error()));
    return TypeId(*uuid);
  }

  [[nodiscard]] std::string str() const {
    std::string text(prefix);
    text += '_';
    text += encode_base32(uuid_);
    return text;
  }
  [[nodiscard]] constexpr const Uuid& uuid() const { return uuid_; }
  [[nodiscard]] bool is_nil() const { return uuid_.is_nil(); }
  friend auto operator<=>(const TypeId&, const TypeId&) = default;

 private:
  Uuid uuid_;
};

using UserId = TypeId<"usr">;
using AccountId = TypeId<"acc">;
using WorkspaceId = TypeId<"ws">;
using EnvironmentId = TypeId<"env">;
using OrganizationId = TypeId<"org">;
using TokenId = TypeId<"tok">;
using SessionId = TypeId<"ses">;
using OperationId = TypeId<"op">;
using CommitId = TypeId<"cmt">;
using AuditEntryId = TypeId<"aud">;
using NodeId = TypeId<"nod">;

}  // namespace tenure

template <tenure::IdPrefix Prefix>
struct std::hash<tenure::TypeId<Prefix>> {
  std::size_t operator()(const tenure::TypeId<Prefix>& id) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 8; i < 16; ++i) value = value << 8 | id.uuid().bytes[i];
    return value;
  }
};
