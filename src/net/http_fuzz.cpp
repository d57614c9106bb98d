// Laws: a request does not depend on how its bytes are cut into reads; limits hold; decoding a body stays within its
// bound.
#include <cstdlib>
#include <string>

#include "net/content_encoding.hpp"
#include "net/http_parser.hpp"

using namespace yagura;
using namespace yagura::net;

namespace {
void require(bool truth) {
  if (!truth) std::abort();
}

constexpr HttpParserLimits kLimits{Bytes(512), Bytes(1024)};

struct Outcome {
  bool done = false;
  int error = 0;
  std::string text;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome run(std::string_view stream, std::size_t read_size, bool is_request) {
  HttpParser parser = is_request ? HttpParser::for_request(kLimits) : HttpParser::for_response(kLimits, false);
  Outcome out;
  std::string input;
  while (!stream.empty() && !parser.done()) {
    const std::size_t size = std::min(stream.size(), read_size);
    input.append(stream.substr(0, size));
    stream.remove_prefix(size);
    const auto used = parser.feed(input);
    if (!used) {
      out.error = parser.error_status();
      return out;
    }
    out.used += *used;
    input.erase(0, *used);
    require(input.size() <= 512 + read_size || parser.done());
    require(parser.body().size() <= 1024);
  }
  if (!parser.done() && !parser.feed_end()) return out;
  out.done = true;
  if (is_request) {
    const HttpRequest& request = parser.request();
    out.text = request.method + " " + request.target + "\n" + request.path();
    for (const auto& [name, value] : request.query_parameters()) out.text += name + "=" + value;
    for (const auto& header : request.headers) out.text += header.name + ":" + header.value + "\n";
    (void)request.cookie("a");
  } else {
    out.text = std::to_string(parser.response().status);
    for (const auto& header : parser.response().headers) out.text += header.name + ":" + header.value + "\n";
  }
  for (const auto& trailer : parser.trailers()) out.text += trailer.name + ":" + trailer.value + "\n";
  out.text += parser.body();
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool is_request = (data[0] & 1) != 0;
  const std::size_t read_size = 1 + data[1] % 64;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = run(stream, stream.size() + 1, is_request);
  const Outcome split = run(stream, read_size, is_request);
  // Which limit an overlong head breaks first may depend on the pieces; that it fails may not.
  if (whole.done || split.done) require(whole == split);
  require((whole.error != 0) == (split.error != 0) || !whole.done);
  if (is_request && whole.done) {
    for (const std::string_view encoding : {"gzip", "deflate", "zstd"}) {
      const auto decoded = decode_content(encoding, stream, Bytes(4096));
      if (decoded) require(decoded->size() <= 4096);
    }
  }
  return 0;
}
