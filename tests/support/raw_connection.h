// A TCP connection to loopback on which a test says exactly the bytes that it means, well-formed or not.
//
// Every read gives up after `patience`: a server that hangs fails the test instead of stopping the suite.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tenure::test {

// One answer, taken apart. Header names are in lower case.
struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class RawConnection {
 public:
  // "127.0.0.1:8080" or "[::1]:8080". Throws std::runtime_error when nobody listens there.
  explicit RawConnection(std::string_view address,
                         std::chrono::milliseconds patience = std::chrono::seconds(10));
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept;
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // False when the other side has closed.
  bool send(std::string_view bytes);
  // No more bytes come from here; answers can still be read.
  void end_sending();
  // The next answer by its Content-Length; nothing when the connection ends or patience does. `to_head`: it
  // answers a HEAD request and so has no body.
  std::optional<Answer> read_answer(bool to_head = false);
  // Whether the other side ends the connection before patience does, having sent nothing more.
  bool is_closed();
  // All that comes until the end.
  std::string read_rest();

 private:
  // False at the end, or when patience is over.
  bool read_more();

  int socket_ = -1;
  std::string buffer_;
};

// Sends one request and reads its answer on a connection of its own.
[[nodiscard]] std::optional<Answer> exchange(std::string_view address, std::string_view request);

}  // namespace tenure::test
