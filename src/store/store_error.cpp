#include "store/store_error.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace yagura::store {

namespace {

constexpr std::size_t kMostText = 2'000;

ErrorKind kind_of(int code, int status) {
  switch (code) {
    case 159: case 160: case 209: return ErrorKind::timeout;               // TIMEOUT_EXCEEDED, TOO_SLOW, SOCKET_TIMEOUT
    case 394: case 734: return ErrorKind::cancelled;                       // QUERY_WAS_CANCELLED
    case 241: case 158: case 396: case 307: case 191: case 243: case 173:  // memory, rows, bytes, set size, disk space
      return ErrorKind::exhausted;
    case 60: case 81: return ErrorKind::not_found;                         // UNKNOWN_TABLE, UNKNOWN_DATABASE
    case 57: case 82: return ErrorKind::conflict;                          // TABLE_ALREADY_EXISTS, DATABASE_ALREADY_EXISTS
    case 192: case 193: case 194: case 516: return ErrorKind::unauthenticated;
    case 164: case 497: return ErrorKind::permission_denied;
    case 202: case 203: case 210: case 225: case 242: case 252: case 279: case 285: case 319: case 999: case 439:  // load, network, replicas
      return ErrorKind::unavailable;
    case 48: return ErrorKind::not_supported;
    case 0: return status == 503 || status == 502 || status == 504 || status == 429 ? ErrorKind::unavailable : ErrorKind::internal;
    default: return ErrorKind::internal;
  }
}

int code_in(std::string_view text) {
  const std::size_t at = text.find("Code: ");
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + 6);
  const auto number = parse_uint64(text.substr(0, std::min<std::size_t>(text.find_first_not_of("0123456789"), 6)));
  return number ? static_cast<int>(*number) : 0;
}

}  // namespace

Error error_of(std::string_view text, int status) {
  const int code = code_in(text.substr(0, 4096));
  std::string shown = utf8::repaired(trim(text.substr(0, kMostText)));
  if (text.size() > kMostText) shown += " ...";
  return Error(kind_of(code, status), fmt::format("the store answers: {}", shown.empty() ? fmt::format("status {}", status) : shown));
}

std::optional<Error> error_within(std::string_view bytes, std::string_view tag) {
  if (!tag.empty()) {
    const std::string mark = "__exception__\r\n" + std::string(tag) + "\r\n";
    const std::size_t at = bytes.rfind(mark);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view text = bytes.substr(at + mark.size());
    return error_of(text.substr(0, text.rfind('\n', text.rfind(tag))), 500);
  }
  const std::size_t at = bytes.rfind("Code: ");
  if (at == std::string_view::npos || bytes.find("Exception", at) == std::string_view::npos) return std::nullopt;
  return error_of(bytes.substr(at), 500);
}

}  // namespace yagura::store
