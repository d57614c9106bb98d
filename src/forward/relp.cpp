#include "forward/relp.hpp"

#include "base/text.hpp"

namespace yagura::forward::relp {

namespace {
constexpr std::size_t kMostData = 128 * 1024;  // librelp's own bound for what it answers
constexpr std::size_t kMostHeader = 9 + 1 + 32 + 1 + 9;
}  // namespace

void append_frame(std::string& out, std::uint32_t transaction, std::string_view command, std::string_view data) {
  fmt::format_to(std::back_inserter(out), "{} {} {}", transaction, command, data.size());
  if (!data.empty()) {
    out += ' ';
    out += data;
  }
  out += '\n';
}

Result<std::optional<Frame>> next_frame(std::string_view& input) {
  std::size_t at = 0;
  const auto number = [&](std::size_t most_digits) -> std::optional<std::uint32_t> {
    const std::size_t begin = at;
    while (at < input.size() && is_ascii_digit(input[at]) && at - begin < most_digits) ++at;
    const auto value = parse_uint64(input.substr(begin, at - begin));
    return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
  };
  const auto need_more_or = [&](std::string_view expected) -> Result<std::optional<Frame>> {
    if (at >= input.size() && input.size() <= kMostHeader) return std::optional<Frame>();
    return fail(ErrorKind::corrupt, "not a RELP frame: {} was expected at byte {}", expected, at);
  };
  if (input.empty()) return std::optional<Frame>();
  Frame frame;
  const auto transaction = number(9);
  if (!transaction) return need_more_or("a transaction number");
  frame.transaction = *transaction;
  if (at >= input.size() || input[at] != ' ') return need_more_or("a blank");
  const std::size_t command = ++at;
  while (at < input.size() && is_ascii_alpha(input[at]) && at - command < 32) ++at;
  frame.command = input.substr(command, at - command);
  if (at >= input.size() || input[at] != ' ' || frame.command.empty()) return need_more_or("a command and a blank");
  ++at;
  const std::size_t size_begin = at;
  const auto size = number(9);
  if (!size) return need_more_or("a length");
  if (at >= input.size()) return need_more_or("a blank or the end of the frame");
  if (*size > kMostData)
    return fail(ErrorKind::corrupt, "a RELP frame of {} bytes; at most {} are taken", *size, kMostData);
  (void)size_begin;
  if (*size > 0) {
    if (input[at] != ' ') return need_more_or("a blank");
    ++at;
    if (input.size() - at < *size + 1) return std::optional<Frame>();
    frame.data = input.substr(at, *size);
    at += *size;
  } else if (input[at] == ' ') {
    // Some write the blank also where nothing follows.
    ++at;
    if (at >= input.size()) return std::optional<Frame>();
  }
  if (input[at] != '\n') return fail(ErrorKind::corrupt, "not a RELP frame: its end was expected at byte {}", at);
  input.remove_prefix(at + 1);
  return std::optional(frame);
}

Result<Response> read_response(std::string_view data) {
  if (data.size() < 3 || !is_ascii_digit(data[0]) || !is_ascii_digit(data[1]) || !is_ascii_digit(data[2]))
    return fail(ErrorKind::corrupt, "a RELP response without a code of three digits");
  Response response{.code = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0'), .text = data.substr(3)};
  response.text = trim(response.text.substr(0, response.text.find('\n')));
  return response;
}

}  // namespace yagura::forward::relp
