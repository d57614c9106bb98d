// Errors as values. Result<T> is std::expected<T, Error>; TRY unwraps one and adds context on the way up.
//
// An Error is for what an operator can mend (a file, a setting, a peer). Bad *data* is never an Error: it
// is a row with a reason and a counter. Bugs assert. Exceptions of libraries are caught in the room that
// calls the library and do not cross rooms.
#pragma once
#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace yagura {

// What kind of failure it is: decides exit codes and HTTP status, never the text.
enum class ErrorKind : std::uint8_t {
  invalid_input,      // the caller's text, file or setting is wrong
  not_found,
  conflict,           // exists already, or changed meanwhile
  permission_denied,  // who asks may not
  unauthenticated,    // who asks is not known
  unavailable,        // a peer, a process or a disk is not there now: try again
  timeout,
  exhausted,          // a bound was hit: memory, disk, rows, connections
  corrupt,            // stored bytes are not what was written
  cancelled,
  not_supported,
  internal,
};

std::string_view to_string(ErrorKind kind);

// A failure with its story: "no such column; while binding rule.yaml". Cheap to move.
class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  // The message and the context, innermost first: "a; while b; while c".
  const std::string& message() const { return message_; }
  // Says what was being done when it failed.
  Error& add_context(std::string_view doing) {
    message_ += "; while ";
    message_ += doing;
    return *this;
  }

 private:
  ErrorKind kind_;
  std::string message_;
};

template <class T = void>
using Result = std::expected<T, Error>;

// fail(ErrorKind::invalid_input, "line {}: ...", line)
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected<Error>(Error(kind, fmt::format(format, std::forward<Args>(args)...)));
}

// For errno: "opening /x: Permission denied (EACCES)".
[[nodiscard]] std::unexpected<Error> fail_errno(int error_number, std::string_view doing);

namespace detail {
inline void add_try_context(Error&) {}
template <class... Args>
void add_try_context(Error& error, fmt::format_string<Args...> format, Args&&... args) {
  error.add_context(fmt::format(format, std::forward<Args>(args)...));
}
}  // namespace detail

}  // namespace yagura

// auto text = TRY(read_file(path), "loading {}", path.string());   -- returns the Error to the caller
#define TRY(expression, ...)                                                  \
  ({                                                                          \
    auto&& try_result_ = (expression);                                        \
    if (!try_result_) [[unlikely]] {                                          \
      ::yagura::Error try_error_ = std::move(try_result_).error();            \
      ::yagura::detail::add_try_context(try_error_ __VA_OPT__(, ) __VA_ARGS__); \
      return std::unexpected(std::move(try_error_));                          \
    }                                                                         \
    ::yagura::detail::take(std::move(try_result_));                           \
  })

namespace yagura::detail {
template <class T>
T take(std::expected<T, Error>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
}  // namespace yagura::detail
