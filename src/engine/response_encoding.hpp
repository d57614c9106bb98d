// Compresses an answer as it is sent: lz4 (frame), zstd or gzip, whichever the client names first in Accept-Encoding.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "net/http.hpp"

namespace yagura::engine {

class ResponseEncoder {
 public:
  // "" or nothing known in it: bytes pass as they are.
  explicit ResponseEncoder(std::string_view accept_encoding);
  ~ResponseEncoder();
  ResponseEncoder(const ResponseEncoder&) = delete;
  ResponseEncoder& operator=(const ResponseEncoder&) = delete;

  std::string_view name() const { return name_; }
  // What is ready to send of it; may be empty. The view is good until the next call, and as long as `piece`.
  std::string_view add(std::string_view piece);
  std::string_view end();
  // A whole body at once, with its header.
  net::HttpResponse finish(net::HttpResponse head, std::string body);

 private:
  struct State;
  std::string_view name_;
  std::unique_ptr<State> state_;
  std::string out_;
};

}  // namespace yagura::engine
