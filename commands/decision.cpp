#include "commands/decision.h"

#include <fmt/core.h>

#include <algorithm>

namespace tenure {

Decision& Decision::append(const StreamName& stream, Event event) {
  auto found = std::ranges::find(writes_, stream, &Write::stream);
  if (found == writes_.end()) found = writes_.insert(found, {stream, {}});
  found->events.push_back(std::move(event));
  return *this;
}

Decision& Decision::needs_key(std::string owner) {
  keys_.push_back(std::move(owner));
  return *this;
}

Decision& Decision::target(std::string type, std::string id, std::string display) {
  targets_.push_back({std::move(type), std::move(id), std::move(display)});
  return *this;
}

Decision& Decision::change(std::string_view field, std::optional<std::string_view> from,
                           std::optional<std::string_view> to) {
  if (from == to) return *this;
  const auto own = [](std::optional<std::string_view> text) {
    return text ? std::optional<std::string>(*text) : std::nullopt;
  };
  changes_.push_back({std::string(field), own(from), own(to)});
  return *this;
}

Decision& Decision::unaudited() {
  audited_ = false;
  return *this;
}

Decision& Decision::answer(Success success, AnswerKind kind, StreamName stream) {
  answer_ = {success, kind, std::move(stream)};
  return *this;
}

Rejection quota_exceeded(std::string_view what, std::uint64_t limit, std::uint64_t usage) {
  return {Reason::quota_exceeded,
          fmt::format("The {} are limited to {}; {} exist.", what, limit, usage),
          {},
          {{"limit", std::to_string(limit)}, {"usage", std::to_string(usage)}}};
}

Rejection slug_taken(const Slug& slug) {
  return {Reason::slug_taken,
          fmt::format("Another workspace of this account has the slug \"{}\".", slug.str()),
          {},
          {{"slug", slug.str()}}};
}

}  // namespace tenure
