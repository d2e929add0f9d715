// A served Tenure for a black-box test: a real process on fresh data, and the first user's client.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "core/json/json.h"
#include "tests/support/api_client.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tenured_process.h"

namespace tenure::test {

class Served : public testing::Test {
 protected:
  explicit Served(std::vector<std::string> flags = {})
      : server_(dir_ / "data", std::move(flags)), api_(server_.url(), server_.bootstrap_token()) {}

  void TearDown() override {
    if (HasFailure()) std::cerr << "tenured wrote:\n" << server_.err();
  }

  // After a restart: the port is another one.
  void connect_again() { api_ = ApiClient(server_.url(), api_.token()); }

  Reply create_workspace(const std::string& name) {
    return api_.post("/v1/workspaces", R"({"name":")" + name + R"("})");
  }

  // The id of a new workspace, once its operation has ended.
  std::string settled_workspace(const std::string& name = "Acme") {
    const auto made = create_workspace(name);
    EXPECT_EQ(made.status, 201) << made.body;
    const auto ended = api_.post("/v1/operations/" + text(made, "operation_id") + ":wait?timeout=30");
    EXPECT_EQ(text(ended, "done"), "true") << ended.body;
    return text(made, "id");
  }

  // A client with a new API token of the workspace.
  ApiClient with_token(const std::string& workspace, const std::string& role = "admin") {
    const auto made = api_.post("/v1/api_tokens", R"({"name":"robot","role":")" + role + R"("})",
                                {{"Akua-Context", workspace}});
    EXPECT_EQ(made.status, 201) << made.body;
    return api_.as(text(made, "token"));
  }

  json::Array feed(const std::string& workspace, const std::string& query = "order=asc") {
    return api_.walk("/v1/workspaces/" + workspace + "/audit?" + query);
  }

  TempDir dir_;
  TenuredProcess server_;
  ApiClient api_;
};

// Where provisioning fails: a file stands where environments would be made.
class Unprovisionable : public Served {
 protected:
  explicit Unprovisionable(std::vector<std::string> flags) : Served(std::move(flags)) {
    write_file(dir_ / "data" / "environments", "in the way");
  }
  void clear_the_way() { std::filesystem::remove(dir_ / "data" / "environments"); }
};

// Every attempt fails and the last one comes soon.
class FailsSoon : public Unprovisionable {
 protected:
  FailsSoon() : Unprovisionable({"--retry-attempts-max", "2", "--retry-base", "10ms"}) {}
};

// Attempts follow each other closely and do not end: it succeeds soon after the way is cleared.
class KeepsTrying : public Unprovisionable {
 protected:
  KeepsTrying()
      : Unprovisionable({"--retry-attempts-max", "1000", "--retry-base", "100ms", "--retry-max", "200ms"}) {}
};

// The second attempt is far away: workspaces stay as they are while they are provisioned.
class StaysProvisioning : public Unprovisionable {
 protected:
  StaysProvisioning() : Unprovisionable({"--retry-base", "50s", "--retry-max", "60s"}) {}
};

}  // namespace tenure::test
