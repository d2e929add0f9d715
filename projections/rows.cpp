#include "projections/rows.h"

#include "core/limits.h"

namespace tenure::rows {

Page page_of(const Store& store, const std::string& prefix, Direction direction, const PageRequest& request,
             const std::function<std::optional<std::string>(std::string_view, std::string_view)>& make_row) {
  const bool descending = direction == Direction::descending;
  auto scan = store.scan(prefix);
  const auto advance = [&] { descending ? scan.prev() : scan.next(); };
  if (request.after) {
    const auto key = prefix + *request.after;
    descending ? scan.seek_for_prev(key) : scan.seek(key);
    if (scan.valid() && scan.key() == key) advance();
  } else {
    descending ? scan.to_last() : scan.to_first();
  }
  Page page;
  std::string last;
  for (std::size_t scanned = 0; scan.valid(); advance(), ++scanned) {
    if (page.rows.size() == request.limit || scanned == limits::scan_rows_per_page_max) {
      page.next = std::move(last);
      break;
    }
    const auto rest = scan.key().substr(prefix.size());
    if (auto row = make_row(rest, scan.value())) page.rows.push_back(std::move(*row));
    last = std::string(rest);
  }
  return page;
}

void write_optional(json::Writer& out, std::string_view name, const std::optional<std::string>& text) {
  text ? out.member(name, *text) : out.null_member(name);
}

void write_optional(json::Writer& out, std::string_view name, const std::optional<Timestamp>& time) {
  time ? out.member(name, to_unix_seconds(*time)) : out.null_member(name);
}

}  // namespace tenure::rows
