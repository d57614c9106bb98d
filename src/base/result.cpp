#include "base/result.hpp"

#include <cstring>

namespace yagura {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input: return "invalid_input";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::permission_denied: return "permission_denied";
    case ErrorKind::unauthenticated: return "unauthenticated";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::exhausted: return "exhausted";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::not_supported: return "not_supported";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

namespace {
ErrorKind kind_of(int error_number) {
  switch (error_number) {
    case ENOENT: return ErrorKind::not_found;
    case EEXIST: return ErrorKind::conflict;
    case EACCES:
    case EPERM: return ErrorKind::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return ErrorKind::exhausted;
    case ETIMEDOUT: return ErrorKind::timeout;
    default: return ErrorKind::unavailable;
  }
}
}  // namespace

std::unexpected<Error> fail_errno(int error_number, std::string_view doing) {
  const char* name = ::strerrorname_np(error_number);
  return fail(kind_of(error_number), "{}: {} ({})", doing, ::strerrordesc_np(error_number) ?: "unknown error",
              name ? name : std::to_string(error_number));
}

}  // namespace yagura
