#include "net/http.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace yagura::net {

std::string_view find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  for (const auto& header : headers)
    if (equal_ignoring_ascii_case(header.name, name)) return header.value;
  return {};
}

std::string HttpRequest::path() const { return percent_decode(std::string_view(target).substr(0, target.find('?'))); }

std::vector<std::pair<std::string, std::string>> HttpRequest::query_parameters() const {
  std::vector<std::pair<std::string, std::string>> out;
  const auto question = target.find('?');
  if (question == std::string::npos) return out;
  for (const auto part : split(std::string_view(target).substr(question + 1), '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    out.emplace_back(percent_decode(part.substr(0, equals), true),
                     equals == std::string_view::npos ? "" : percent_decode(part.substr(equals + 1), true));
  }
  return out;
}

std::string HttpRequest::query_parameter(std::string_view name) const {
  for (auto& [key, value] : query_parameters())
    if (key == name) return std::move(value);
  return {};
}

std::string HttpRequest::cookie(std::string_view name) const {
  for (const auto& header : headers) {
    if (!equal_ignoring_ascii_case(header.name, "cookie")) continue;
    for (const auto part : split(header.value, ';')) {
      const auto equals = part.find('=');
      if (equals != std::string_view::npos && trim(part.substr(0, equals)) == name) {
        auto value = trim(part.substr(equals + 1));
        // RFC 6265 section 4.1.1: a value may stand in quotes.
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        return std::string(value);
      }
    }
  }
  return {};
}

HttpResponse text_response(int status, std::string body, std::string content_type) {
  HttpResponse response{.status = status, .headers = {}, .body = std::move(body)};
  response.set("Content-Type", std::move(content_type));
  return response;
}

HttpResponse json_response(int status, std::string json) {
  return text_response(status, std::move(json), "application/json; charset=utf-8");
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

}  // namespace yagura::net
