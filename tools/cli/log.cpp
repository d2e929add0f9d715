// tenure log dump|tail|stat: the log, record by record.
#include <fmt/core.h>

#include "core/events/commit.h"
#include "core/events/position_text.h"
#include "core/limits.h"
#include "tools/cli/offline.h"

namespace tenure::cli {
namespace {

constexpr std::size_t tail_records_default = 20;

struct Options {
  bool payload = false;
  std::size_t last = tail_records_default;
};

// Gives every record from `first` on to `use`, until it fails.
std::expected<void, std::string> each_record(
    EventLog& log, Partition partition, Offset first,
    const std::function<std::expected<void, std::string>(Offset, std::string_view)>& use) {
  for (auto at = first; at < log.end(partition);) {
    const auto records = log.read(partition, at, limits::log_read_bytes);
    if (!records) return std::unexpected(records.error().message);
    for (const auto& record : *records) {
      if (auto used = use(record.offset, *record.bytes); !used) return used;
      at = next(record.offset);
    }
  }
  return {};
}

std::expected<void, std::string> print_record(Data& data, Position position, std::string_view bytes,
                                              bool payload) {
  auto parsed = parse_record(bytes);
  if (!parsed) return std::unexpected(fmt::format("{}: {}", to_string(position), parsed.error().message));
  std::string line;
  json::Writer out(line);
  out.begin_object().member("position", to_string(position)).raw_member("envelope", parsed->clear);
  if (payload) {
    const auto key = data.keys().find(parsed->envelope.key_owner);
    auto opened = key ? open_record(std::move(*parsed), *key)
                      : std::expected<Commit, RecordError>(std::unexpected(RecordError{"its key is gone"}));
    if (opened) {
      out.key("events").begin_array();
      for (const auto& write : opened->envelope.writes) {
        for (const auto& event : write.events) out.raw(event.data);
      }
      out.end_array();
    } else {
      out.member("payload", opened.error().message);
    }
  }
  out.end_object();
  fmt::print("{}\n", line);
  return {};
}

std::expected<Exit, std::string> dump(Data& data, const Options& options, std::size_t last) {
  for (std::uint16_t number = 0; number < data.log().partitions(); ++number) {
    const Partition partition{number};
    const auto end = to_number(data.log().end(partition));
    const Offset first{end > last ? end - last : 0};
    auto printed = each_record(data.log(), partition, first, [&](Offset offset, std::string_view bytes) {
      return print_record(data, {partition, offset}, bytes, options.payload);
    });
    if (!printed) return std::unexpected(printed.error());
  }
  return Exit::ok;
}

std::expected<Exit, std::string> stat(Data& data, Format format) {
  json::Array rows;
  for (std::uint16_t number = 0; number < data.log().partitions(); ++number) {
    const Partition partition{number};
    std::uint64_t bytes = 0;
    auto counted = each_record(data.log(), partition, Offset{0}, [&](Offset, std::string_view record) {
      bytes += record.size();
      return std::expected<void, std::string>();
    });
    if (!counted) return std::unexpected(counted.error());
    rows.push_back(json::Object{
        {"partition", number}, {"records", to_number(data.log().end(partition))}, {"bytes", bytes}});
  }
  print_rows(format, rows, {{"PARTITION", "partition"}, {"RECORDS", "records"}, {"BYTES", "bytes"}});
  return Exit::ok;
}

}  // namespace

void add_log(CLI::App& app, Environment& environment) {
  auto* group = app.add_subcommand("log", "The log, without a server")->require_subcommand(1);
  const auto options = std::make_shared<Options>();

  auto* dump_command = group->add_subcommand("dump", "Every record's envelope, a JSON object a line");
  const auto dumped = add_data_flags(dump_command);
  dump_command->add_flag("--payload", options->payload, "also what is sealed, where its key exists");
  dump_command->callback([&environment, options, dumped] {
    environment.chosen = with_data(dumped, [options](Data& data) { return dump(data, *options, SIZE_MAX); });
  });

  auto* tail_command = group->add_subcommand("tail", "The last records of each partition");
  const auto tailed = add_data_flags(tail_command);
  tail_command->add_flag("--payload", options->payload, "also what is sealed, where its key exists");
  tail_command->add_option("-n", options->last, "how many");
  tail_command->callback([&environment, options, tailed] {
    environment.chosen =
        with_data(tailed, [options](Data& data) { return dump(data, *options, options->last); });
  });

  auto* stat_command = group->add_subcommand("stat", "How many records, and how large");
  const auto counted = add_data_flags(stat_command);
  stat_command->callback([&environment, counted] {
    environment.chosen =
        with_data(counted, [&environment](Data& data) { return stat(data, environment.format); });
  });
}

}  // namespace tenure::cli
