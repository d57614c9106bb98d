#include <array>
#include <span>

#include "base/text.hpp"
#include "formats/aws.hpp"
#include "formats/fields.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::RecordOrigin;
using event::Value;

namespace {

const event::FieldId kSourceTable = event::intern_field("source.table");

struct Word {
  std::string_view text;
  std::size_t at = 0;
};

// Blank-separated values; "..." and, of S3's times, [...] may hold blanks. AWS does not escape a quote inside of a value, so that only one before
// a blank or the end closes it.
class Words {
 public:
  Words(std::string_view line, bool brackets) : line_(line), brackets_(brackets) {}
  std::optional<Word> next() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) ++at_;
    if (at_ >= line_.size()) return std::nullopt;
    const char first = line_[at_];
    const char closing = first == '"' ? '"' : first == '[' && brackets_ ? ']' : '\0';
    if (closing != '\0') {
      for (std::size_t end = at_ + 1; end < line_.size(); ++end) {
        if (line_[end] != closing || (end + 1 < line_.size() && line_[end + 1] != ' ' && line_[end + 1] != '\r')) continue;
        Word word{line_.substr(at_ + 1, end - at_ - 1), at_ + 1};
        // A list, as of ALPN's protocols, keeps its quotes: "h2","http/1.1".
        if (word.text.find("\",\"") != std::string_view::npos) word = {line_.substr(at_, end - at_ + 1), at_};
        at_ = end + 1;
        return word;
      }
      is_open_ = true;
      const Word word{line_.substr(at_ + 1), at_ + 1};
      at_ = line_.size();
      return word;
    }
    const auto end = std::min(line_.find(' ', at_), line_.size());
    const Word word{line_.substr(at_, end - at_), at_};
    at_ = end;
    return word;
  }
  bool is_open() const { return is_open_; }  // a quote was not closed
  std::size_t at() const { return at_; }

 private:
  std::string_view line_;
  bool brackets_;
  std::size_t at_ = 0;
  bool is_open_ = false;
};

enum class Kind : std::uint8_t { text, number, real, address, time, clock };
struct Column {
  std::string_view name;
  Kind kind = Kind::text;
};

// In the order of the lines; newer fields are appended by AWS, so that older lines end sooner.
constexpr auto kS3 = std::to_array<Column>({
    {"bucket_owner"}, {"bucket"}, {"time", Kind::clock}, {"remote_ip"}, {"requester"}, {"request_id"}, {"operation"}, {"key"}, {"request_uri"},
    {"http_status", Kind::number}, {"error_code"}, {"bytes_sent", Kind::number}, {"object_size", Kind::number}, {"total_time", Kind::number},
    {"turn_around_time"}, {"referer"}, {"user_agent"}, {"version_id"}, {"host_id"}, {"signature_version"}, {"cipher_suite"},
    {"authentication_type"}, {"host_header"}, {"tls_version"}, {"access_point_arn"}, {"acl_required"}, {"source_region"},
});
constexpr auto kApplication = std::to_array<Column>({
    {"type"}, {"time", Kind::time}, {"elb"}, {"client", Kind::address}, {"target", Kind::address}, {"request_processing_time", Kind::real},
    {"target_processing_time", Kind::real}, {"response_processing_time", Kind::real}, {"elb_status_code"}, {"target_status_code"},
    {"received_bytes", Kind::number}, {"sent_bytes", Kind::number}, {"request"}, {"user_agent"}, {"ssl_cipher"}, {"ssl_protocol"},
    {"target_group_arn"}, {"trace_id"}, {"domain_name"}, {"chosen_cert_arn"}, {"matched_rule_priority"}, {"request_creation_time"},
    {"actions_executed"}, {"redirect_url"}, {"error_reason"}, {"target_list"}, {"target_status_code_list"}, {"classification"},
    {"classification_reason"}, {"conn_trace_id"},
});
constexpr auto kNetwork = std::to_array<Column>({
    {"type"}, {"version"}, {"time", Kind::time}, {"elb"}, {"listener"}, {"client", Kind::address}, {"destination", Kind::address},
    {"connection_time", Kind::number}, {"tls_handshake_time", Kind::number}, {"received_bytes", Kind::number}, {"sent_bytes", Kind::number},
    {"incoming_tls_alert"}, {"chosen_cert_arn"}, {"chosen_cert_serial"}, {"tls_cipher"}, {"tls_protocol_version"}, {"tls_named_group"},
    {"domain_name"}, {"alpn_fe_protocol"}, {"alpn_be_protocol"}, {"alpn_client_preference_list"}, {"tls_connection_creation_time"},
});
constexpr auto kClassic = std::to_array<Column>({
    {"time", Kind::time}, {"elb"}, {"client", Kind::address}, {"target", Kind::address}, {"request_processing_time", Kind::real},
    {"target_processing_time", Kind::real}, {"response_processing_time", Kind::real}, {"elb_status_code"}, {"target_status_code"},
    {"received_bytes", Kind::number}, {"sent_bytes", Kind::number}, {"request"}, {"user_agent"}, {"ssl_cipher"}, {"ssl_protocol"},
});

std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t size) {
  if (at + size > text.size()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(at, size)) {
    if (!is_ascii_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "06/Feb/2019:00:00:38 +0000"
std::optional<std::int64_t> log_time(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':') return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(3, 3));
  if (month == kMonths.end()) return std::nullopt;
  const auto zone = text.substr(21);
  if (!digits(zone, 1, 4)) return std::nullopt;
  return parse_iso8601(fmt::format("{}-{:02}-{}T{}{}:{}", text.substr(7, 4), month - kMonths.begin() + 1, text.substr(0, 2), text.substr(12, 8), zone.substr(0, 3), zone.substr(3)));
}

void set_time(RecordBatch& out, const std::optional<std::int64_t>& ticks) {
  if (!ticks) return;
  auto& current = out.current();
  current.time = event_time(*ticks);
  current.has_own_time = true;
}

void put(RecordBatch& out, const Column& column, std::string_view text) {
  switch (column.kind) {
    case Kind::number:
      if (const auto number = parse_int64(text)) return out.set_foreign(column.name, Value::int64(*number));
      break;
    case Kind::real:
      if (const auto number = parse_double(text)) return out.set_foreign(column.name, Value::real(*number));
      break;
    case Kind::address: {
      // "192.0.2.1:2817", "[2001:db8::1]:443", "2001:db8::1:443"
      const auto colon = text.rfind(':');
      const auto port = colon == std::string_view::npos ? std::nullopt : parse_int64(text.substr(colon + 1));
      auto host = port ? text.substr(0, colon) : text;
      if (host.starts_with('[')) host.remove_prefix(1);
      if (host.ends_with(']')) host.remove_suffix(1);
      out.set_foreign(column.name == "client" ? "client_ip" : column.name == "target" ? "target_ip" : "destination_ip", Value::string(host));
      if (port) out.set_foreign(column.name == "client" ? "client_port" : column.name == "target" ? "target_port" : "destination_port", Value::int64(*port));
      return;
    }
    case Kind::time: set_time(out, parse_iso8601(text)); break;
    case Kind::clock: set_time(out, log_time(text)); break;
    case Kind::text: break;
  }
  out.set_foreign(column.name, Value::string(text));
}

// Lines may end before the last columns, and AWS may append new ones.
void decode_columns(const RecordOrigin& origin, std::span<const Column> columns, std::size_t least, RecordBatch& out) {
  Words words(origin.raw, columns.data() == kS3.data());
  std::size_t count = 0;
  for (; count < columns.size(); ++count) {
    const auto word = words.next();
    if (!word) break;
    if (word->text.empty() || word->text == "-") continue;
    put(out, columns[count], word->text);
    if (words.is_open()) return out.mark_malformed("a quote that is not closed", word->at);
  }
  if (count < least) out.mark_malformed("the line has fewer values than such a log has", std::min(words.at(), origin.raw.size()));
}

}  // namespace

void decode_aws_s3_access(const RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  auto& record = out.begin_record(origin);
  record.format = "aws-s3-access";
  out.current().log_source = {.product = "aws", .category = {}, .service = "s3access"};
  decode_columns(origin, kS3, 18, out);
  out.set(kSourceTable, "AWSS3ServerAccess");
  out.end_record();
}

void decode_aws_elb(const RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  auto& record = out.begin_record(origin);
  record.format = "aws-elb";
  out.current().log_source = {.product = "aws", .category = {}, .service = "elb"};
  const auto first = Words(origin.raw, false).next();
  const std::string_view kind = first ? first->text : std::string_view();
  if (kind == "tls") {
    decode_columns(origin, kNetwork, 20, out);
    out.set(kSourceTable, "AWSNLBAccessLogs");
  } else {
    const bool is_classic = !kind.empty() && is_ascii_digit(kind.front());
    decode_columns(origin, is_classic ? std::span<const Column>(kClassic) : std::span<const Column>(kApplication), is_classic ? 12 : 17, out);
    out.set(kSourceTable, "AWSALBAccessLogs");
  }
  out.end_record();
}

}  // namespace yagura::formats
