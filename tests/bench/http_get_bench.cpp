// A server with one fixed answer of 600 bytes, to be measured from outside beside nginx with a file of that
// size:
//   http_get_bench [THREADS]   then   wrk -t1 -c32 -d5s http://ADDRESS/
#include <fmt/core.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "api/server.h"

int main(int argc, char** argv) {
  using namespace tenure::http;
  constexpr std::size_t answer_bytes = 600;
  const std::string body = R"({"name":")" + std::string(answer_bytes - 11, 'x') + R"("})";

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  ServerOptions options;
  if (argc > 1) options.threads = static_cast<unsigned>(std::stoul(argv[1]));
  const auto server = Server::start(options, [&body](Request& request) -> Server::Reply {
    if (!parse_target(request.target, request)) return Response{.status = 400, .body = {}};
    return Response{
        .status = 200, .body = body, .headers = {{"ETag", "\"1\""}, {"Tenure-Position", "0:1,1:2"}}};
  });
  if (!server) {
    fmt::print(stderr, "{}\n", server.error());
    return 1;
  }
  fmt::print("http://{}/\n", (*server)->address());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
}
