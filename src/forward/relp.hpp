// RELP's frames, client side (librelp's relp.txt, version 0): "TXNR SP COMMAND SP DATALEN [SP DATA] LF".
//
// Stateless writers and a reader of a bounded buffer; one thread. What a server sends is hostile: numbers and lengths
// are bounded, and anything else is an Error with the byte where it stopped.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::forward::relp {

inline constexpr std::uint32_t kMostTransaction = 999'999'999;

void append_frame(std::string& out, std::uint32_t transaction, std::string_view command, std::string_view data);

struct Frame {
  std::uint32_t transaction = 0;
  std::string_view command;  // into the buffer
  std::string_view data;
};

// Takes the next whole frame off the front of `input`; nullopt when more bytes are needed. corrupt: not RELP.
Result<std::optional<Frame>> next_frame(std::string_view& input);

// "200 OK" of a response's data; the text goes to the end of its first line.
struct Response {
  int code = 0;
  std::string_view text;
};
Result<Response> read_response(std::string_view data);

}  // namespace yagura::forward::relp
