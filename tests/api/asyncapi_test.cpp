// asyncapi.yaml is what the table of events says. TENURE_WRITE_GOLDEN=1 build/release/bin/api_tests writes it
// anew.
#include "api/asyncapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "commands/events.h"

namespace tenure {
namespace {

std::filesystem::path file() { return std::filesystem::path(TENURE_SOURCE_DIR) / "asyncapi.yaml"; }

std::string committed() {
  std::ifstream stream(file(), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Asyncapi, the_committed_document_is_made_from_the_table_of_events) {
  const auto made = asyncapi_document();
  if (std::getenv("TENURE_WRITE_GOLDEN") != nullptr) std::ofstream(file(), std::ios::binary) << made;
  EXPECT_EQ(committed(), made) << "TENURE_WRITE_GOLDEN=1 build/release/bin/api_tests writes it anew";
}

TEST(Asyncapi, has_a_message_for_every_public_event_and_for_no_other) {
  const auto document = YAML::Load(asyncapi_document());
  const auto messages = document["components"]["messages"];
  const auto channel = document["channels"]["events"]["messages"];
  const auto check = [&](const auto& row) {
    const std::string name(row.name);
    EXPECT_EQ(messages[name].IsDefined(), row.audience == Audience::everyone) << name;
    EXPECT_EQ(channel[name].IsDefined(), row.audience == Audience::everyone) << name;
  };
  std::apply([&](const auto&... rows) { (check(rows), ...); }, event_table);
}

TEST(Asyncapi, shows_neither_credentials_nor_inner_fields_nor_what_is_sealed) {
  const auto document = YAML::Load(asyncapi_document());
  const auto fields = [&](const std::string& name) {
    return document["components"]["messages"][name]["payload"]["properties"];
  };
  EXPECT_FALSE(fields("api_token.created")["hash"].IsDefined());
  EXPECT_FALSE(fields("api_token.created")["prefix"].IsDefined());
  EXPECT_FALSE(fields("operation.started")["claim"].IsDefined());
  EXPECT_FALSE(fields("user.registered")["name"].IsDefined());
  EXPECT_FALSE(fields("user.registered")["email"].IsDefined());
  EXPECT_TRUE(fields("api_token.created")["name"].IsDefined());
  EXPECT_EQ(fields("api_token.created")["expires_at"]["format"].as<std::string>(), "date-time");
  EXPECT_TRUE(fields("workspace.frozen")["id"].IsDefined())
      << "the resource, although the event does not name it";
}

}  // namespace
}  // namespace tenure
