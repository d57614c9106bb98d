#include "engine/clickhouse_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace yagura::engine {

int code_of_error(std::string_view text) {
  static constexpr std::string_view kPrefix = "Code: ";
  const std::size_t at = text.find(kPrefix);
  if (at == std::string_view::npos) return 1002;
  text.remove_prefix(at + kPrefix.size());
  const std::size_t end = text.find_first_not_of("0123456789");
  const auto number = parse_uint64(text.substr(0, end));
  return number && *number < 1'000'000 ? static_cast<int>(*number) : 1002;
}

int http_status_of(int code) {
  const auto one_of = [code](auto... codes) { return ((code == codes) || ...); };
  if (code == 194) return 401;                                   // REQUIRED_PASSWORD
  if (one_of(192, 193, 516, 512, 497)) return 403;               // user, password, role, access
  if (one_of(36, 427, 6, 25, 26, 38, 41, 72, 441, 675, 676, 27, 376, 15, 44, 37, 123, 8, 167, 168, 223, 62, 117, 53, 321))
    return 400;                                                  // arguments, parsing, columns, syntax
  if (one_of(60, 46, 47, 50, 56, 81, 115, 152, 63, 73, 336, 78, 511)) return 404;  // unknown table, function, setting ...
  if (code == 209 || code == 76 || code == 439) return 503;      // SOCKET_TIMEOUT, CANNOT_OPEN_FILE, CANNOT_SCHEDULE_TASK
  if (code == 159) return 408;                                   // TIMEOUT_EXCEEDED
  if (code == 229) return 413;                                   // QUERY_IS_TOO_LARGE
  if (code == 48) return 501;                                    // NOT_IMPLEMENTED
  return 500;
}

std::string error_text(int code, std::string_view message, std::string_view name) {
  return fmt::format("Code: {}. DB::Exception: {} ({})", code, message, name);
}

}  // namespace yagura::engine
