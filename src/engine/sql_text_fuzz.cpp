// Any text: total, in bounds, and tokens cover it in order; statement and data of an INSERT are slices of it.
#include <cstdint>
#include <cstdlib>

#include "engine/http_protocol.hpp"
#include "engine/sql_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura::engine;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SqlLexer lexer(text);
  std::size_t end = 0;
  for (SqlToken token = lexer.next(); token.kind != SqlToken::Kind::end; token = lexer.next()) {
    if (token.text.empty() || token.at < end || token.at + token.text.size() > size) std::abort();
    end = token.at + token.text.size();
  }
  const SqlShape shape = shape_of(text);
  if (shape.statement_end > size || shape.data_at > size || shape.statement_end > shape.data_at) std::abort();
  // As a body, and split over parameter and body: an INSERT's data must be the same bytes.
  yagura::net::HttpRequest request;
  request.method = "POST";
  request.body = std::string(text);
  if (size > 3) request.headers = {{"Content-Type", data[0] % 2 == 0 ? "text/plain" : "multipart/form-data; boundary=b"}};
  const auto statement = statement_of(request);
  if (statement && !(*statement)->data.empty() && !(*statement)->shape.has_data) std::abort();
  return 0;
}
