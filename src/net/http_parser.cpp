// Beast 1.81 asserts that a last chunk comes with five bytes at once, which a peer may well not send; without the
// assertion it is parsed rightly.
#define BOOST_DISABLE_ASSERTS
#include "net/http_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include "base/text.hpp"

namespace yagura::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

// What Beast's parser calls, for both kinds of message.
template <bool kIsRequest>
class Collector final : public http::basic_parser<kIsRequest> {
 public:
  HttpRequest request;
  HttpResponse response;
  std::vector<HttpHeader> trailers;
  bool saw_body = false;  // since it was last cleared
  bool head_done = false;
  bool http_1_1 = true;
  bool foreign_coding = false;
  bool has_coding = false;

  std::vector<HttpHeader>& headers() { return kIsRequest ? request.headers : response.headers; }
  std::string& body() { return kIsRequest ? request.body : response.body; }

 private:
  void on_request_impl(http::verb, BeastView method, BeastView target, int version, error_code&) override {
    http_1_1 = version >= 11;
    request.method = view(method);
    request.target = view(target);
  }
  void on_response_impl(int code, BeastView, int version, error_code&) override {
    http_1_1 = version >= 11;
    response.status = code;
  }
  void on_field_impl(http::field name, BeastView name_text, BeastView value, error_code&) override {
    if (name == http::field::transfer_encoding && !head_done) {
      has_coding = true;
      foreign_coding = foreign_coding || !equal_ignoring_ascii_case(trim(view(value)), "chunked");
    }
    (head_done ? trailers : headers()).push_back({std::string(view(name_text)), std::string(view(value))});
  }
  void on_header_impl(error_code&) override { head_done = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(BeastView bytes, error_code&) override {
    saw_body = true;
    body().append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, error_code&) override {
    saw_body = true;
    body().append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

int status_of(const error_code& ec) {
  if (ec == http::error::header_limit) return 431;
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::bad_version) return 505;
  return 400;
}

}  // namespace

struct HttpParser::State {
  std::optional<Collector<true>> request;
  std::optional<Collector<false>> response;
  HttpParserLimits limits;
  bool started = false;
  bool direct = false;           // the body has a known length; Beast sees no more of the message
  std::uint64_t remaining = 0;   // of such a body
  std::uint64_t head_bytes = 0;  // of the head, used so far
  std::size_t prepared_at = 0;   // where prepare_body() began
  bool failed = false;
  int error_status = 400;

  template <class Call>
  decltype(auto) with(const Call& call) {
    return request ? call(*request) : call(*response);
  }
};

HttpParser::HttpParser(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->with([&](auto& parser) {
    // Beast does not bound the sum of what it consumes piece by piece; feed() does, for any split alike.
    parser.header_limit(UINT32_MAX);
    parser.body_limit(state_->limits.body.count());
  });
}
HttpParser::~HttpParser() = default;
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;

HttpParser HttpParser::for_request(HttpParserLimits limits) {
  auto state = std::make_unique<State>();
  state->limits = limits;
  state->request.emplace();
  return HttpParser(std::move(state));
}

HttpParser HttpParser::for_response(HttpParserLimits limits, bool head_only) {
  auto state = std::make_unique<State>();
  state->limits = limits;
  state->response.emplace().skip(head_only);
  return HttpParser(std::move(state));
}

Result<std::size_t> HttpParser::feed(std::string_view bytes) {
  State& state = *state_;
  if (state.failed) return fail(ErrorKind::invalid_input, "the message has failed already");
  std::size_t used = 0;
  const auto fail_with = [&](int status, std::string_view why) {
    state.failed = true;
    state.error_status = status;
    return fail(ErrorKind::invalid_input, "not HTTP/1.1: {}", why);
  };
  while (used < bytes.size() && !done()) {
    const std::string_view rest = bytes.substr(used);
    if (state.direct) {
      const std::size_t piece = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), state.remaining));
      body().append(rest.data(), piece);
      state.remaining -= piece;
      used += piece;
      continue;
    }
    error_code ec;
    const bool had_head = head_done();
    const std::size_t piece = state.with([&](auto& parser) {
      parser.saw_body = false;
      return parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    });
    used += piece;
    state.started = state.started || piece > 0;
    const std::uint64_t limit = state.limits.head.count();
    if (!had_head) state.head_bytes += piece;
    if (ec == http::error::need_more) {
      // What Beast has not used is one line, field, or last chunk with its trailers: bounded like the head.
      if (bytes.size() - used + (had_head ? 0 : state.head_bytes) > limit)
        return fail_with(431, "a head, line or field is too long");
      break;
    }
    if (ec) return fail_with(status_of(ec), ec.message());
    const bool was_body = state.with([](auto& parser) { return parser.saw_body; });
    if (!was_body && (had_head ? piece : state.head_bytes) > limit)
      return fail_with(431, "a head, line or field is too long");
    if (had_head || !head_done()) continue;
    const auto refusal = state.with([&](auto& parser) -> std::string_view {
      if (parser.foreign_coding) return "a transfer coding other than chunked";
      if (parser.has_coding && parser.content_length()) return "both a length and a transfer coding";
      return {};
    });
    if (!refusal.empty()) return fail_with(state.request && refusal.starts_with('a') ? 501 : 400, refusal);
    state.with([&](auto& parser) {
      // content_length() without flagContentLength is 0 for a request without a body.
      if (!parser.is_done() && parser.content_length()) {
        state.direct = true;
        state.remaining = *parser.content_length();
        // Not yet touched memory costs nothing; responses are read in pieces, so they need no whole place.
        if (state.request) body().reserve(static_cast<std::size_t>(state.remaining));
      }
    });
  }
  return used;
}

Result<> HttpParser::feed_end() {
  State& state = *state_;
  if (done()) return {};
  error_code ec;
  const bool whole = !state.direct && head_done() && state.with([&](auto& parser) {
    if (!parser.need_eof()) return false;
    parser.put_eof(ec);
    return !ec;
  });
  if (whole) return {};
  state.failed = true;
  return fail(ErrorKind::unavailable, "the connection ended within a message");
}

bool HttpParser::started() const { return state_->started; }
bool HttpParser::head_done() const {
  return state_->with([](auto& parser) { return parser.head_done; });
}
bool HttpParser::done() const {
  if (state_->direct) return state_->remaining == 0;
  return state_->with([](auto& parser) { return parser.is_done(); });
}
bool HttpParser::keep_alive() const {
  return state_->with([](auto& parser) { return parser.keep_alive(); });
}
bool HttpParser::is_http_1_1() const {
  return state_->with([](auto& parser) { return parser.http_1_1; });
}
bool HttpParser::expects_continue() const {
  return state_->request && equal_ignoring_ascii_case(state_->request->request.header("expect"), "100-continue");
}
std::optional<std::uint64_t> HttpParser::content_length() const {
  return state_->with([](auto& parser) -> std::optional<std::uint64_t> {
    if (const auto length = parser.content_length()) return *length;
    return std::nullopt;
  });
}
int HttpParser::error_status() const { return state_->error_status; }

std::span<char> HttpParser::prepare_body(std::size_t most) {
  State& state = *state_;
  if (!state.direct || state.remaining == 0) return {};
  const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(most, state.remaining));
  std::string& text = body();
  const std::size_t before = text.size();
  // Grown without being zeroed: a large body is touched once, by the kernel.
  text.resize_and_overwrite(before + room, [&](char*, std::size_t size) { return size; });
  state.prepared_at = before;
  return {text.data() + before, room};
}

void HttpParser::commit_body(std::size_t got) {
  body().resize(state_->prepared_at + got);
  state_->remaining -= got;
}

HttpRequest& HttpParser::request() { return state_->request->request; }
HttpResponse& HttpParser::response() { return state_->response->response; }
std::string& HttpParser::body() {
  return state_->with([](auto& parser) -> std::string& { return parser.body(); });
}
const std::vector<HttpHeader>& HttpParser::trailers() const {
  return state_->with([](auto& parser) -> const std::vector<HttpHeader>& { return parser.trailers; });
}

}  // namespace yagura::net
