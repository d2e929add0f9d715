// What the server says on stderr: one line an entry, as text or as JSON.
//
// Threads: any. Nothing here is secret: no credential, key or payload is ever given to it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tenure::log {

enum class Format { text, json };
enum class Level { debug, info, warning, error };

using Field = std::pair<std::string_view, std::string>;

// Once, before the first entry.
void configure(Format format, Level least);

// Whether entries of this level are written: before work that only an entry needs.
[[nodiscard]] bool shows(Level level);
void debug(std::string_view message, std::initializer_list<Field> fields = {});
void info(std::string_view message, std::initializer_list<Field> fields = {});
void warning(std::string_view message, std::initializer_list<Field> fields = {});
void error(std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace tenure::log
