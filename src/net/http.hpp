// HTTP/1.1 requests and responses as plain values, shared by HttpServer and HttpClient.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yagura::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

// Case-insensitive by name; "" when absent.
std::string_view find_header(const std::vector<HttpHeader>& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query as sent, percent-encoded
  std::vector<HttpHeader> headers;
  std::string body;            // decoded: Content-Encoding gzip, zstd and deflate are undone by the server
  std::string peer;            // "192.0.2.7:51234", or "unix"
  std::string client_subject;  // of a verified client certificate (RFC 4514), else ""

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
  std::string path() const;                                                   // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query_parameters() const;  // decoded
  // The first with that name; "" when absent.
  std::string query_parameter(std::string_view name) const;
  // Value of a cookie; "" when absent.
  std::string cookie(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
  void set(std::string name, std::string value) { headers.push_back({std::move(name), std::move(value)}); }
};

HttpResponse text_response(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");
HttpResponse json_response(int status, std::string json);
std::string_view reason_phrase(int status);

}  // namespace yagura::net
