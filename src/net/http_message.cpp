#include "net/http_message.hpp"

#include <ctime>

#include "base/text.hpp"

namespace yagura::net {

namespace {

void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

bool is_framing_field(std::string_view name) {
  return equal_ignoring_ascii_case(name, "content-length") || equal_ignoring_ascii_case(name, "transfer-encoding") ||
         equal_ignoring_ascii_case(name, "connection");
}

// RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale is.
std::string http_date() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t now = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&now, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string response_head(const HttpResponse& response, Framing framing, std::size_t body_size, bool keep_alive) {
  std::string out;
  out.reserve(256);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 reason_phrase(response.status), http_date());
  for (const auto& header : response.headers)
    if (!is_framing_field(header.name)) append_field(out, header.name, header.value);
  if (framing == Framing::length) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", body_size);
  if (framing == Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return out;
}

std::string request_head(const HttpRequest& request, std::string_view host) {
  std::string out;
  out.reserve(256);
  append_clean(out, request.method);
  out += ' ';
  // A blank would end the target early and let the rest be read as something else.
  for (const char c : request.target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F)
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  out += " HTTP/1.1\r\n";
  if (request.header("host").empty()) append_field(out, "Host", host);
  for (const auto& header : request.headers)
    if (!is_framing_field(header.name)) append_field(out, header.name, header.value);
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD" && request.method != "DELETE"))
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", request.body.size());
  out += "\r\n";
  return out;
}

}  // namespace yagura::net
