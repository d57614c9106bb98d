// The heads of HTTP messages as bytes, shared by server and client. Header values cannot smuggle: CR, LF and NUL become
// blanks.
#pragma once
#include <optional>
#include <string>

#include "net/http.hpp"

namespace yagura::net {

enum class Framing : std::uint8_t { length, chunked, until_close, none };

// Our own Date, Connection, Content-Length and Transfer-Encoding; those of the response are left out.
std::string response_head(const HttpResponse& response, Framing framing, std::size_t body_size, bool keep_alive);
std::string request_head(const HttpRequest& request, std::string_view host);

}  // namespace yagura::net
