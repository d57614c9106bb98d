#include "net/syslog_framer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.hpp"

namespace yagura::net {

namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
// More digits than any length has; with the blank and "<191>" behind them, the longest sign of a counted message.
constexpr std::size_t kMostDigits = 20;
constexpr std::size_t kSign = kMostDigits + 8;

// The first LF or NUL at or after `from`.
std::size_t find_line_end(std::string_view text, std::size_t from) {
  using Lanes = std::uint8_t __attribute__((vector_size(16)));
  const char* const data = text.data();
  std::size_t at = from;
  for (; at + 16 <= text.size(); at += 16) {
    Lanes bytes;
    std::memcpy(&bytes, data + at, 16);
    const auto hits = (bytes == std::uint8_t{'\n'}) | (bytes == std::uint8_t{0});
    std::uint64_t halves[2];
    std::memcpy(halves, &hits, 16);
    if (halves[0] != 0) return at + static_cast<std::size_t>(std::countr_zero(halves[0])) / 8;
    if (halves[1] != 0) return at + 8 + static_cast<std::size_t>(std::countr_zero(halves[1])) / 8;
  }
  for (; at < text.size(); ++at)
    if (data[at] == '\n' || data[at] == '\0') return at;
  return kNone;
}

struct Sign {
  enum class Kind : std::uint8_t { counted, line, unknown } kind = Kind::line;
  std::uint64_t length = 0;
  std::size_t size = 0;  // of length and blank
};

// Is there a length, a blank and '<' at `at`? Unknown when the text ends before that is clear.
Sign read_sign(std::string_view text, std::size_t at) {
  Sign sign;
  std::size_t digits = 0;
  for (; at + digits < text.size() && is_ascii_digit(text[at + digits]); ++digits) {
    if (digits == kMostDigits) return sign;
    // Saturates: above a billion the number itself means nothing.
    sign.length =
        std::min<std::uint64_t>(sign.length * 10 + static_cast<std::uint64_t>(text[at + digits] - '0'), 1'000'000'000);
  }
  const std::size_t blank = at + digits;
  if (digits == 0 && blank < text.size()) return sign;
  if (blank >= text.size() || (text[blank] == ' ' && blank + 1 >= text.size())) {
    sign.kind = Sign::Kind::unknown;
    return sign;
  }
  if (text[blank] != ' ' || text[blank + 1] != '<') return sign;
  sign.kind = Sign::Kind::counted;
  sign.size = digits + 1;
  return sign;
}

// "48 <34>" : where the next counted message begins, in text that is not one. kNone when it is nowhere to be seen.
std::size_t find_counted(std::string_view text, std::size_t from, std::size_t end) {
  for (std::size_t at = from; at < end; ++at) {
    const auto angle = text.substr(0, end).find('<', at);
    if (angle == std::string_view::npos) return kNone;
    at = angle;
    if (angle < 2 || text[angle - 1] != ' ' || !is_ascii_digit(text[angle - 2])) continue;
    std::size_t pri = angle + 1;
    while (pri < end && pri - angle <= 3 && is_ascii_digit(text[pri])) ++pri;
    if (pri >= end || pri == angle + 1 || text[pri] != '>') continue;
    std::size_t begin = angle - 1;
    while (begin > 0 && angle - begin <= 8 && is_ascii_digit(text[begin - 1])) --begin;
    if (begin < angle - 1) return begin;
  }
  return kNone;
}

std::string_view without_line_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<SyslogFrame> SyslogFramer::next(std::string_view& input) { return cut(input, false); }
std::optional<SyslogFrame> SyslogFramer::finish(std::string_view& input) { return cut(input, true); }

std::optional<SyslogFrame> SyslogFramer::cut(std::string_view& input, bool at_end) {
  while (true) {
    if (in_counted_) {
      auto frame = cut_counted(input, at_end);
      // A message that held nothing but line ends is none.
      if (frame && frame->bytes.empty()) continue;
      return frame;
    }
    if (!in_line_) {
      std::size_t blanks = 0;
      while (blanks < input.size() && (input[blanks] == '\n' || input[blanks] == '\r' || input[blanks] == '\0'))
        ++blanks;
      input.remove_prefix(blanks);
      if (blanks > 0) after_counted_ = false;  // a line end: whatever the count was, we stand at a message's begin
      if (input.empty()) return std::nullopt;
      const Sign sign = read_sign(input, 0);
      if (sign.kind == Sign::Kind::unknown && !at_end) return std::nullopt;
      if (sign.kind == Sign::Kind::counted) {
        input.remove_prefix(sign.size);
        scanned_ = 0;
        if (sign.length > 0 && sign.length <= max_counted_) {
          in_counted_ = true;
          counted_left_ = static_cast<std::size_t>(sign.length);
          continue;
        }
      }
      resyncing_ = after_counted_ && sign.kind == Sign::Kind::line && input.front() != '<';
      after_counted_ = false;
      in_line_ = true;
      in_pieces_ = resyncing_;
      scanned_ = 0;
    }
    auto frame = cut_line(input, at_end);
    if (frame && frame->bytes.empty()) continue;
    return frame;
  }
}

std::optional<SyslogFrame> SyslogFramer::cut_counted(std::string_view& input, bool at_end) {
  const std::size_t wanted = std::min(counted_left_, max_message_);
  if (input.size() < wanted && !at_end) return std::nullopt;
  const std::size_t size = std::min(wanted, input.size());
  const bool ended = size < wanted;
  SyslogFrame frame{input.substr(0, size), FrameKind::whole};
  input.remove_prefix(size);
  counted_left_ -= size;
  if (ended)
    frame.kind = FrameKind::cut_short;
  else if (in_pieces_)
    frame.kind = FrameKind::later_piece;
  else if (counted_left_ > 0)
    frame.kind = FrameKind::first_piece;
  in_pieces_ = counted_left_ > 0;
  if (counted_left_ == 0 || ended) {
    in_counted_ = in_pieces_ = false;
    after_counted_ = true;
    frame.bytes = without_line_end(frame.bytes);
  }
  return frame;
}

std::optional<SyslogFrame> SyslogFramer::cut_line(std::string_view& input, bool at_end) {
  const auto end_line = [&] {
    in_line_ = in_pieces_ = resyncing_ = false;
    scanned_ = 0;
  };
  // One more than a message may have: so a line of exactly that size is whole.
  const std::string_view window = input.substr(0, max_message_ + 1);
  const std::size_t end = find_line_end(window, scanned_);
  const std::size_t visible = end == kNone ? window.size() : end;
  if (resyncing_) {
    const std::size_t counted = find_counted(window, scanned_ > kSign ? scanned_ - kSign : 0, visible);
    if (counted != kNone) {
      const SyslogFrame frame{window.substr(0, counted), FrameKind::later_piece};
      input.remove_prefix(counted);
      end_line();
      return frame;
    }
  }
  if (end != kNone) {
    SyslogFrame frame{window.substr(0, end), in_pieces_ ? FrameKind::later_piece : FrameKind::whole};
    if (frame.bytes.ends_with('\r')) frame.bytes.remove_suffix(1);
    input.remove_prefix(end + 1);
    end_line();
    return frame;
  }
  if (window.size() > max_message_) {
    const SyslogFrame frame{window.substr(0, max_message_),
                            in_pieces_ ? FrameKind::later_piece : FrameKind::first_piece};
    input.remove_prefix(max_message_);
    in_pieces_ = true;
    scanned_ = 0;
    return frame;
  }
  if (!at_end) {
    scanned_ = window.size();
    return std::nullopt;
  }
  SyslogFrame frame{without_line_end(window), in_pieces_ ? FrameKind::later_piece : FrameKind::whole};
  input = {};
  end_line();
  if (frame.bytes.empty()) return std::nullopt;
  return frame;
}

}  // namespace yagura::net
