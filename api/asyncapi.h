// asyncapi.yaml: what other systems read on the topic of public events (AsyncAPI 3.0), made from the table of
// events.
#pragma once

#include <string>

namespace tenure {

[[nodiscard]] std::string asyncapi_document();

}  // namespace tenure
