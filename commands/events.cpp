#include "commands/events.h"

#include <fmt/core.h>

#include "core/events/codec.h"

namespace tenure {
namespace {

template <class Row>
Event decode_row(const Row& row, std::uint32_t schema, const json::Value& data) {
  if constexpr (Row::schema > 1) {
    if (schema < Row::schema) {
      auto lifted = codec::detail::read_object(data, row.name);
      for (auto at = schema; at < Row::schema; ++at) lifted = row.upcasters[at - 1](std::move(lifted));
      return codec::decode<typename Row::Event>(json::Value(std::move(lifted)));
    }
  }
  return codec::decode<typename Row::Event>(data);
}

template <class State>
bool decode_state_as(std::string_view category, const json::Value& data, AnyState& state) {
  if (category != State::category) return false;
  state = codec::decode<State>(data);
  return true;
}

template <class... States>
void decode_state_as_any_of(std::type_identity<std::variant<std::monostate, States...>>,
                            std::string_view category, const json::Value& data, AnyState& state) {
  if (!(decode_state_as<States>(category, data, state) || ...)) {
    throw codec::DecodeError(fmt::format("no aggregate is called \"{}\"", category));
  }
}

}  // namespace

std::string_view name_of(const Event& event) {
  return std::visit([]<class E>(const E&) { return event_row<E>().name; }, event);
}

Audience audience_of(const Event& event) {
  return std::visit([]<class E>(const E&) { return event_row<E>().audience; }, event);
}

EventData encode_event(const Event& event) {
  return std::visit(
      []<class E>(const E& typed) {
        return EventData{std::string(event_row<E>().name), event_row<E>().schema,
                         codec::encode(typed, codec::Copy::log)};
      },
      event);
}

std::string encode_local_copy(const Event& event) {
  return std::visit([](const auto& typed) { return codec::encode(typed, codec::Copy::local); }, event);
}

std::string encode_public(const Event& event, std::string_view resource) {
  return std::visit(
      [&]<class E>(const E& typed) {
        auto fields = codec::encode(typed, codec::Copy::published);
        if (codec::has_field<E>("id")) return fields;
        std::string text = "{\"id\":";
        json::append_string(text, resource);
        if (fields != "{}") text += ',';
        return text.append(fields, 1);
      },
      event);
}

std::expected<Event, RecordError> decode_event(std::string_view name, std::uint32_t schema,
                                               const json::Value& data) {
  std::expected<Event, RecordError> result = std::unexpected(
      RecordError{fmt::format("this version does not know the event \"{}\"; run a newer one", name)});
  const auto try_row = [&](const auto& row) {
    if (row.name != name) return false;
    if (schema < 1 || schema > row.schema) {
      result = std::unexpected(RecordError{fmt::format(
          "this version reads \"{}\" up to schema {}, not {}; run a newer one", name, row.schema, schema)});
      return true;
    }
    try {
      result = decode_row(row, schema, data);
    } catch (const codec::DecodeError& error) {
      result = std::unexpected(RecordError{fmt::format("the event \"{}\": {}", name, error.what())});
    }
    return true;
  };
  std::apply([&](const auto&... rows) { (void)(try_row(rows) || ...); }, event_table);
  return result;
}

void evolve(AnyState& state, const Event& event, Timestamp at) {
  std::visit(
      [&]<class E>(const E& typed) {
        using State = std::remove_cvref_t<decltype(event_row<E>())>::State;
        if (!std::holds_alternative<State>(state)) state.emplace<State>();
        evolve(std::get<State>(state), typed, at);
      },
      event);
}

std::string display_of(const AnyState& state) {
  if (const auto* account = std::get_if<account::State>(&state)) return account->name;
  if (const auto* workspace = std::get_if<workspace::State>(&state)) return workspace->name;
  if (const auto* environment = std::get_if<environment::State>(&state)) return environment->slug;
  if (const auto* token = std::get_if<api_token::State>(&state)) return token->name;
  if (const auto* operation = std::get_if<operation::State>(&state))
    return std::string(spelling(operation->type));
  return {};
}

std::string encode_state(const AnyState& state) {
  std::string text;
  json::Writer out(text);
  std::visit(
      [&]<class State>(const State& typed) {
        if constexpr (!std::same_as<State, std::monostate>) {
          out.begin_object().key(State::category);
          codec::write(out, typed, codec::Copy::log);
          out.end_object();
        }
      },
      state);
  return text;
}

AnyState decode_state(std::string_view text) {
  json::Arena memory;
  const auto value = json::parse(text, json::depth_max_default, memory);
  if (!value) throw codec::DecodeError("not JSON: " + value.error().message);
  const auto& object = codec::detail::read_object(*value, "state");
  if (object.size() != 1) throw codec::DecodeError("not one state");
  AnyState state;
  const auto& [category, data] = *object.begin();
  decode_state_as_any_of(std::type_identity<AnyState>{}, category, data, state);
  return state;
}

}  // namespace tenure
