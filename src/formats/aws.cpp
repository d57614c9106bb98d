#include "formats/aws.hpp"

#include <simdjson.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "formats/fields.hpp"
#include "formats/json.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::RecordOrigin;
using event::Value;

namespace {

constexpr std::string_view kVersion2 =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
constexpr std::size_t kMostEvents = 100'000;  // of one document; CloudWatch sends 10,000 at most

const event::FieldId kSourceTable = event::intern_field("source.table");

std::string_view next_word(std::string_view& rest) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(begin);
  const auto end = std::min(rest.find_first_of(" \t"), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

std::string_view parameter(std::string_view query, std::string_view name) {
  for (const auto pair : split(query, '&'))
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') return pair.substr(name.size() + 1);
  return {};
}

std::string_view text_of(simdjson::dom::element document, std::string_view name, RecordBatch& out) {
  std::string_view text;
  return document[name].get_string().get(text) == simdjson::SUCCESS ? out.arena().copy(text) : std::string_view();
}

}  // namespace

void decode_aws_flow(const RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  auto& record = out.begin_record(origin);
  record.format = "aws-flow";
  out.current().log_source = {.product = "aws", .category = {}, .service = "vpcflow"};
  const auto given = parameter(context.columns, "fields");
  std::string_view names = given.empty() ? kVersion2 : out.arena().copy(percent_decode(given));
  std::string_view rest = trim(origin.raw);
  std::size_t at = 0;
  while (true) {
    const auto name = next_word(names), word = next_word(rest);
    if (name.empty() || word.empty()) {
      if (!name.empty() || !word.empty()) out.mark_malformed("the line has another number of values than its header has fields", at);
      break;
    }
    at = static_cast<std::size_t>(word.data() - origin.raw.data());
    if (word == "-") continue;
    const auto number = parse_int64(word);
    // Identifiers stay texts: accounts begin with zeros.
    const bool is_number = number && name != "account-id" && !name.ends_with("-id") && !name.ends_with("addr");
    out.set_foreign(name, is_number ? Value::int64(*number) : Value::string(word));
    if (name == "start" && number && *number > 0 && *number < 100'000'000'000) {
      auto& current = out.current();
      current.time = event_time(*number * kTicksPerSecond);
      current.has_own_time = true;
    }
  }
  out.end_record();
}

void decode_aws_cloudwatch(const RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element document;
  simdjson::dom::array events;
  std::string_view type;
  if (parser.parse(origin.raw.data(), origin.raw.size(), true).get(document) != simdjson::SUCCESS) {
    // A line of an export to S3: "2026-11-22T08:00:00.000Z message".
    auto& record = out.begin_record(origin);
    record.format = "aws-cloudwatch";
    out.current().log_source = {.product = "aws", .category = {}, .service = "cloudwatch"};
    std::string_view rest = origin.raw;
    const auto word = next_word(rest);
    if (const auto ticks = parse_iso8601(word)) {
      record.time = event_time(*ticks);
      record.has_own_time = true;
      out.set(field::message, trim(rest));
    } else {
      out.set(field::message, origin.raw);
      if (!origin.raw.empty() && origin.raw.front() == '{') out.mark_malformed("no JSON", 0);
    }
    out.set(kSourceTable, "AWSCloudWatch");
    out.end_record();
    return;
  }
  if (document["messageType"].get_string().get(type) != simdjson::SUCCESS || document["logEvents"].get_array().get(events) != simdjson::SUCCESS)
    return decode_json(origin, context, out);
  if (type != "DATA_MESSAGE") return;  // CONTROL_MESSAGE: CloudWatch tries whether somebody listens
  const auto group = text_of(document, "logGroup", out), stream = text_of(document, "logStream", out), owner = text_of(document, "owner", out);
  RecordOrigin one = origin;
  for (const auto event : events) {
    if (one.index_in_entry - origin.index_in_entry >= kMostEvents) break;
    auto& record = out.begin_record(one);
    record.format = "aws-cloudwatch";
    out.current().log_source = {.product = "aws", .category = {}, .service = "cloudwatch"};
    std::string_view text;
    if (event["message"].get_string().get(text) == simdjson::SUCCESS) out.set(field::message, out.arena().copy(text));
    std::int64_t milliseconds = 0;
    if (event["timestamp"].get_int64().get(milliseconds) == simdjson::SUCCESS && milliseconds > 0 && milliseconds < 100'000'000'000'000) {
      auto& current = out.current();
      current.time = event_time(milliseconds * 10'000);
      current.has_own_time = true;
    }
    if (event["id"].get_string().get(text) == simdjson::SUCCESS) out.set_foreign("id", Value::string(out.arena().copy(text)));
    if (!group.empty()) out.set_foreign("logGroup", Value::string(group));
    if (!stream.empty()) out.set_foreign("logStream", Value::string(stream));
    if (!owner.empty()) out.set_foreign("owner", Value::string(owner));
    out.set(kSourceTable, "AWSCloudWatch");
    out.end_record();
    ++one.index_in_entry;
  }
}

}  // namespace yagura::formats
