#include "serve/console_files.hpp"

#include <boost/beast/zlib/inflate_stream.hpp>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "serve/console_pack.hpp"

namespace yagura::serve {

namespace {

// Scripts from here only. Mantine and Monaco set styles from script, which needs 'unsafe-inline' for styles; Monaco
// measures fonts in data: and draws in blob:.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  Result<std::string_view> take(std::size_t count) {
    if (count > rest_.size()) return fail(ErrorKind::corrupt, "the console's pack ends in the middle");
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  Result<std::size_t> number(std::size_t bytes) {
    const auto raw = TRY(take(bytes));
    std::size_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(raw[i]);
    return value;
  }
  Result<std::string_view> text() {
    const std::size_t size = TRY(number(2));
    return take(size);
  }

 private:
  std::string_view rest_;
};

// For the rare client that takes no compressed answer. The gzip comes from our own pack: no flags, 10 bytes of header.
std::string gunzip(std::string_view gzip) {
  namespace zlib = boost::beast::zlib;
  if (gzip.size() < 18 || gzip[3] != 0) return {};
  const auto byte = [&](std::size_t from_end) {
    return static_cast<std::size_t>(static_cast<unsigned char>(gzip[gzip.size() - from_end]));
  };
  std::string out(byte(4) | byte(3) << 8 | byte(2) << 16 | byte(1) << 24, '\0');
  zlib::inflate_stream inflate;
  zlib::z_params params{};
  params.next_in = gzip.data() + 10;
  params.avail_in = gzip.size() - 18;
  params.next_out = out.data();
  params.avail_out = out.size();
  boost::beast::error_code error;
  inflate.write(params, zlib::Flush::finish, error);
  return params.avail_out == 0 ? out : std::string();
}

// Whether Accept-Encoding takes it: named, and not with q=0 (RFC 9110 section 12.5.3).
bool accepts(std::string_view header, std::string_view coding) {
  for (const std::string_view part : split(header, ',')) {
    const auto semicolon = part.find(';');
    if (!equal_ignoring_ascii_case(trim(part.substr(0, semicolon)), coding)) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = trim(part.substr(semicolon + 1));
    return !(weight.starts_with("q=0") && weight.find_first_not_of("q=0.") == std::string_view::npos);
  }
  return false;
}

constexpr std::string_view kNotBuilt =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Yagura</title>"
    "<h1>The console is not in this program</h1>"
    "<p>It was built without <code>web/dist</code>. Run <code>./dev build</code>, which builds the console first, and "
    "start "
    "again. The API works: see <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></html>";

}  // namespace

ConsoleFiles ConsoleFiles::embedded() {
  const std::string_view pack = console_pack();
  if (pack.empty()) return {};
  auto files = parse(pack);
  if (!files) {
    log_error("serve", "the embedded console is damaged: {}", files.error().message());
    return {};
  }
  return *std::move(files);
}

Result<ConsoleFiles> ConsoleFiles::parse(std::string_view pack) {
  Cursor cursor(pack);
  if (TRY(cursor.take(6)) != "YGCP1\n") return fail(ErrorKind::corrupt, "not a console pack");
  const std::size_t count = TRY(cursor.number(4));
  struct Sizes {
    File* file;
    std::size_t plain, gzip, brotli;
  };
  ConsoleFiles console;
  std::vector<Sizes> sizes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto path = TRY(cursor.text());
    File& file = console.files_[path];
    file.content_type = TRY(cursor.text());
    file.etag = TRY(cursor.text());
    file.immutable = (TRY(cursor.number(1)) & 1) != 0;
    const std::size_t plain = TRY(cursor.number(4)), gzip = TRY(cursor.number(4)), brotli = TRY(cursor.number(4));
    sizes.push_back({&file, plain, gzip, brotli});
  }
  for (const Sizes& size : sizes) {
    size.file->plain = TRY(cursor.take(size.plain));
    size.file->gzip = TRY(cursor.take(size.gzip));
    size.file->brotli = TRY(cursor.take(size.brotli));
  }
  return console;
}

net::HttpResponse ConsoleFiles::serve(const File& file, const net::HttpRequest& request) const {
  net::HttpResponse response{.status = 200, .headers = {}, .body = {}};
  response.set("Content-Type", std::string(file.content_type));
  response.set("ETag", std::string(file.etag));
  response.set("Vary", "Accept-Encoding");
  response.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.set("Content-Security-Policy", std::string(kPagePolicy));
  for (const std::string_view known : split(request.header("If-None-Match"), ',')) {
    if (trim(known) == file.etag || trim(known) == "*") {
      response.status = 304;
      return response;
    }
  }
  const std::string_view encodings = request.header("Accept-Encoding");
  if (!file.brotli.empty() && accepts(encodings, "br")) {
    response.set("Content-Encoding", "br");
    response.body = file.brotli;
  } else if (!file.gzip.empty() && accepts(encodings, "gzip")) {
    response.set("Content-Encoding", "gzip");
    response.body = file.gzip;
  } else {
    response.body = file.plain.empty() && !file.gzip.empty() ? gunzip(file.gzip) : std::string(file.plain);
  }
  return response;
}

net::HttpResponse ConsoleFiles::answer(const net::HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = net::text_response(405, "GET only\n");
    response.set("Allow", "GET, HEAD");
    return response;
  }
  const std::string path = request.path();
  if (empty()) {
    auto response = net::text_response(path == "/" ? 200 : 404, std::string(kNotBuilt), "text/html; charset=utf-8");
    response.set("Content-Security-Policy", std::string(kPagePolicy));
    return response;
  }
  if (const auto found = files_.find(path == "/" ? "/index.html" : path); found != files_.end())
    return serve(found->second, request);
  // The console's router owns paths without a dot ("/logs", "/tables/Syslog"); a missing file must stay a 404.
  const auto slash = path.rfind('/');
  const bool is_page = path.find('.', slash == std::string::npos ? 0 : slash) == std::string::npos;
  if (const auto index = files_.find("/index.html"); is_page && index != files_.end())
    return serve(index->second, request);
  return net::text_response(404, "not found\n");
}

}  // namespace yagura::serve
