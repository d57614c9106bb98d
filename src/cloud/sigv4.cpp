#include "cloud/sigv4.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace yagura::cloud {

namespace {

std::string hex(const Sha256Digest& digest) { return to_hex(as_text(digest)); }

// "20261122T081500Z"
std::string amz_date(std::int64_t ticks) {
  const std::string text = format_datetime(ticks);  // 2026-11-22T08:15:00...
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + "T" + text.substr(11, 2) + text.substr(14, 2) + text.substr(17, 2) + "Z";
}

std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : trim(value))
    if (c != ' ' || !out.ends_with(' ')) out += c;
  return out;
}

// Every service but S3 has its path encoded once more.
std::string canonical_path(std::string_view path, bool is_s3) {
  if (path.empty()) return "/";
  if (is_s3) return std::string(path);
  std::string out;
  for (const char c : path) out += c == '/' ? std::string("/") : percent_encode(std::string_view(&c, 1));
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (one.empty()) continue;
    const auto equals = one.find('=');
    const auto recoded = [](std::string_view text) { return percent_encode(percent_decode(text)); };
    parameters.emplace_back(recoded(one.substr(0, equals)), equals == std::string_view::npos ? "" : recoded(one.substr(equals + 1)));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

}  // namespace

std::string encode_key(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '/' ? std::string("/") : percent_encode(std::string_view(&c, 1));
  return out;
}

void sign(net::HttpRequest& request, const AwsCredentials& credentials, SigningScope scope, std::int64_t now_ticks) {
  if (credentials.anonymous()) return;
  const bool is_s3 = scope.service == "s3";
  const std::string time = amz_date(now_ticks), day = time.substr(0, 8);
  const std::string body_hash = hex(sha256(request.body));
  request.headers.push_back({"X-Amz-Date", time});
  if (is_s3) request.headers.push_back({"X-Amz-Content-Sha256", body_hash});
  if (!credentials.session_token.empty()) request.headers.push_back({"X-Amz-Security-Token", credentials.session_token});

  std::map<std::string, std::string> headers;
  for (const auto& header : request.headers) {
    const std::string name = to_lower_ascii(header.name);
    // What proxies and clients may change on the way is not signed.
    if (name == "host" || name == "content-type" || name == "content-md5" || name == "range" || name.starts_with("x-amz-")) {
      auto& value = headers[name];
      value += (value.empty() ? "" : ",") + collapsed(header.value);
    }
  }
  std::string canonical_headers, names;
  for (const auto& [name, value] : headers) {
    canonical_headers += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string_view target = request.target;
  const auto mark = target.find('?');
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(target.substr(0, mark), is_s3),
                                            mark == std::string_view::npos ? "" : canonical_query(target.substr(mark + 1)), canonical_headers, names, body_hash);
  const std::string credential_scope = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, credential_scope, hex(sha256(canonical)));
  std::string key = "AWS4" + credentials.secret_access_key;
  for (const std::string_view part : {std::string_view(day), scope.region, scope.service, std::string_view("aws4_request")}) key = hmac_sha256(key, part);
  request.headers.push_back({"Authorization", fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", credentials.access_key_id, credential_scope,
                                                          names, to_hex(hmac_sha256(key, to_sign)))});
}

}  // namespace yagura::cloud
