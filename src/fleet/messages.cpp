#include "fleet/messages.hpp"

#include <boost/json.hpp>

#include <cmath>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::fleet {

namespace {

namespace json = boost::json;

constexpr std::size_t kMostSources = 1'000;
constexpr std::size_t kMostStreams = 10'000;
constexpr std::size_t kMostCounts = 1'000;

void write_counts(JsonWriter& out, std::string_view name, const Counts& counts) {
  out.key(name).begin_object();
  for (const auto& [key, count] : counts) out.key(key).number(count);
  out.end_object();
}

// Reads members of one object; the first that is wrong is kept.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view name, std::size_t most = 4'096) {
    const auto* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) return wrong(name, "a text"), std::string();
    if (value->get_string().size() > most) return wrong(name, "shorter"), std::string();
    return std::string(std::string_view(value->get_string()));
  }
  std::uint64_t count(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return 0;
    if (value->is_uint64()) return value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
    return wrong(name, "a whole number"), 0;
  }
  std::int64_t integer(std::string_view name) {
    const auto number = count(name);
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return wrong(name, "smaller"), 0;
    return static_cast<std::int64_t>(number);
  }
  double real(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return 0;
    if (!value->is_number()) return wrong(name, "a number"), 0;
    const double number = value->to_number<double>();
    return std::isfinite(number) ? number : 0;
  }
  bool boolean(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) return wrong(name, "true or false"), false;
    return value->get_bool();
  }
  Counts counts(std::string_view name) {
    Counts out;
    const auto* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_object() || value->get_object().size() > kMostCounts) return wrong(name, "an object of numbers"), out;
    Reader inner(value->get_object());
    for (const auto& [key, ignored] : value->get_object()) out.emplace(std::string(key).substr(0, 256), inner.count(key));
    if (!inner.good()) wrong(name, "an object of numbers");
    return out;
  }
  const json::array* list(std::string_view name, std::size_t most) {
    const auto* value = find(name);
    if (value == nullptr) return nullptr;
    if (!value->is_array() || value->get_array().size() > most) return wrong(name, "a shorter list"), nullptr;
    return &value->get_array();
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  bool good() const { return error_.empty(); }
  void wrong(std::string_view name, std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("'{}' must be {}", name, expected);
  }
  Result<> result() const {
    if (error_.empty()) return {};
    return fail(ErrorKind::invalid_input, "{}", error_);
  }

 private:
  const json::value* find(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value != nullptr && value->is_null() ? nullptr : value;
  }
  const json::object& object_;
  std::string error_;
};

Result<json::value> parse_object(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::invalid_input, "the body is no JSON object");
  return value;
}

StreamLedger read_stream(Reader& in) {
  StreamLedger out;
  out.stream = in.text("stream", 1'024);
  out.first = in.count("first");
  out.last = in.count("last");
  out.sent = in.count("sent");
  out.filtered = in.counts("filtered");
  out.lost = in.counts("lost");
  if (out.last < out.first) in.wrong("last", "at or after 'first'");
  return out;
}

}  // namespace

std::string to_json(const Heartbeat& h) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("protocol").number(kProtocol).key("spool").text(h.spool).key("through").number(h.through);
  out.key("version").text(h.version).key("host").text(h.host).key("system").text(h.system);
  out.key("generation").number(h.generation).key("configuration_error").text(h.configuration_error);
  out.key("started_ticks").number(h.started_ticks).key("cpu_percent").number(h.cpu_percent);
  out.key("resident_bytes").number(h.resident_bytes).key("spool_bytes").number(h.spool_bytes).key("spool_limit").number(h.spool_limit);
  out.key("unsent").number(h.unsent).key("damaged").number(h.damaged).key("lag_seconds").number(h.lag_seconds);
  out.key("sources").begin_array();
  for (const auto& source : h.sources) {
    out.begin_object();
    out.key("name").text(source.name).key("kind").text(source.kind).key("state").text(source.state).key("detail").text(source.detail);
    out.key("accepted").number(source.accepted).key("sent").number(source.sent);
    write_counts(out, "lost", source.lost);
    out.key("streams").begin_array();
    for (const auto& stream : source.streams) {
      out.begin_object();
      out.key("stream").text(stream.stream).key("first").number(stream.first).key("last").number(stream.last).key("sent").number(stream.sent);
      write_counts(out, "filtered", stream.filtered);
      write_counts(out, "lost", stream.lost);
      out.end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
  return text;
}

Result<Heartbeat> parse_heartbeat(std::string_view text) {
  const auto value = TRY(parse_object(text));
  Reader in(value.get_object());
  Heartbeat h;
  h.spool = in.text("spool", 36);
  h.through = in.count("through");
  h.version = in.text("version", 64);
  h.host = in.text("host", 255);
  h.system = in.text("system", 255);
  h.generation = in.integer("generation");
  h.configuration_error = in.text("configuration_error");
  h.started_ticks = in.integer("started_ticks");
  h.cpu_percent = in.real("cpu_percent");
  h.resident_bytes = in.count("resident_bytes");
  h.spool_bytes = in.count("spool_bytes");
  h.spool_limit = in.count("spool_limit");
  h.unsent = in.count("unsent");
  h.damaged = in.count("damaged");
  h.lag_seconds = in.real("lag_seconds");
  if (const auto* sources = in.list("sources", kMostSources))
    for (const auto& item : *sources) {
      if (!item.is_object()) return fail(ErrorKind::invalid_input, "'sources' must be a list of objects");
      Reader one(item.get_object());
      SourceReport source{.name = one.text("name", 256), .kind = one.text("kind", 64), .state = one.text("state", 64), .detail = one.text("detail")};
      source.accepted = one.count("accepted");
      source.sent = one.count("sent");
      source.lost = one.counts("lost");
      if (const auto* streams = one.list("streams", kMostStreams))
        for (const auto& entry : *streams) {
          if (!entry.is_object()) return fail(ErrorKind::invalid_input, "'streams' must be a list of objects");
          Reader inner(entry.get_object());
          source.streams.push_back(read_stream(inner));
          TRY(inner.result());
        }
      TRY(one.result());
      h.sources.push_back(std::move(source));
    }
  TRY(in.result());
  return h;
}

std::string to_json(const HeartbeatAnswer& answer) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("acked").number(answer.acked).key("generation").number(answer.generation);
  if (answer.configuration) out.key("configuration").text(*answer.configuration);
  out.key("renew").boolean(answer.renew).key("interval_seconds").number(answer.interval_seconds).key("notice").text(answer.notice).end_object();
  return text;
}

Result<HeartbeatAnswer> parse_heartbeat_answer(std::string_view text) {
  const auto value = TRY(parse_object(text));
  Reader in(value.get_object());
  HeartbeatAnswer out{.acked = in.count("acked"), .generation = in.integer("generation")};
  if (in.has("configuration")) out.configuration = in.text("configuration", 1 << 20);
  out.renew = in.boolean("renew");
  if (in.has("interval_seconds")) out.interval_seconds = in.integer("interval_seconds");
  out.notice = in.text("notice");
  TRY(in.result());
  return out;
}

std::string to_json(const EnrolRequest& request) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("protocol").number(kProtocol).key("token").text(request.token).key("host").text(request.host);
  out.key("version").text(request.version).key("request").text(request.request_pem).end_object();
  return text;
}

Result<EnrolRequest> parse_enrol_request(std::string_view text) {
  const auto value = TRY(parse_object(text));
  Reader in(value.get_object());
  EnrolRequest out{in.text("token", 256), in.text("host", 255), in.text("version", 64), in.text("request", 16'384)};
  TRY(in.result());
  if (out.request_pem.empty()) return fail(ErrorKind::invalid_input, "'request' must be a certificate request in PEM");
  return out;
}

std::string to_json(const EnrolAnswer& answer) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("agent").text(answer.agent_id).key("certificate").text(answer.certificate_pem).end_object();
  return text;
}

Result<EnrolAnswer> parse_enrol_answer(std::string_view text) {
  const auto value = TRY(parse_object(text));
  Reader in(value.get_object());
  EnrolAnswer out{in.text("agent", 64), in.text("certificate", 64 << 10)};
  TRY(in.result());
  if (out.certificate_pem.empty()) return fail(ErrorKind::invalid_input, "the server's answer holds no certificate");
  return out;
}

bool version_less(std::string_view a, std::string_view b) {
  const auto left = split(a, '.'), right = split(b, '.');
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const auto x = i < left.size() ? parse_uint64(left[i]).value_or(0) : 0;
    const auto y = i < right.size() ? parse_uint64(right[i]).value_or(0) : 0;
    if (x != y) return x < y;
  }
  return false;
}

}  // namespace yagura::fleet
