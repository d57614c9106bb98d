// Cuts a byte stream of syslog messages into messages: RFC 6587 octet counting (section 3.4.1, and RFC 5425
// section 4.3) and non-transparent framing ended by LF, CRLF or NUL (section 3.4.2), told apart for each message, as
// senders mix them.
//
// A message is counted when it begins with a length, one blank and '<'. Everything else is a line: RFC 6587 gives no other sign, and lines that begin with a year are common. Empty messages are skipped. A
// length that nobody means (0, or above max_counted) is dropped, and what follows it is a line. When a count was too small,
// so that something other than a message follows, the remainder ends where the next counted message begins.
//
// Nothing is lost: a message longer than max_message comes in pieces of that size, and what stands at the end of the
// stream comes as it is. Line ends are not part of a message, also where a sender counted them. Frames are views into
// the caller's buffer. The frames do not depend on how the stream was cut into reads. One thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace yagura::net {

enum class FrameKind : std::uint8_t {
  whole,
  first_piece,  // of a message longer than max_message
  later_piece,  // what follows it; or the remainder after a count that was too small
  cut_short,    // the stream ended before as many bytes as were announced
};

struct SyslogFrame {
  std::string_view bytes;
  FrameKind kind = FrameKind::whole;
};

class SyslogFramer {
 public:
  explicit SyslogFramer(Bytes max_message = 64_KiB)
      : max_message_(static_cast<std::size_t>(max_message.count())), max_counted_(max_message_ * 16) {}

  // Takes the next message off the front of `input`, or nothing when more bytes are needed: then call again with
  // what is left of `input` and more behind it. A buffer of room_needed() bytes always suffices.
  std::optional<SyslogFrame> next(std::string_view& input);
  // The stream has ended with `input`: gives its messages one by one, then nothing.
  std::optional<SyslogFrame> finish(std::string_view& input);

  std::size_t room_needed() const { return max_message_ + 64; }

 private:
  std::optional<SyslogFrame> cut(std::string_view& input, bool at_end);
  std::optional<SyslogFrame> cut_counted(std::string_view& input, bool at_end);
  std::optional<SyslogFrame> cut_line(std::string_view& input, bool at_end);

  const std::size_t max_message_;
  const std::size_t max_counted_;
  std::size_t counted_left_ = 0;  // of a counted message that is being given out
  std::size_t scanned_ = 0;       // bytes at the front of the input known to hold no line end
  bool in_counted_ = false;
  bool in_pieces_ = false;      // the message has given a piece already
  bool in_line_ = false;        // what stands at the front is a line, whatever it looks like
  bool after_counted_ = false;  // the message before was counted
  bool resyncing_ = false;      // the line is the remainder of a wrong count
};

}  // namespace yagura::net
