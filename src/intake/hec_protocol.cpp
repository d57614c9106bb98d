#include "intake/hec_protocol.hpp"

#include <simdjson.h>

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::intake {

namespace {

struct Wording {
  HecCode code;
  int status;
  std::string_view text;
};

constexpr Wording kWordings[] = {
    {HecCode::success, 200, "Success"},
    {HecCode::token_disabled, 403, "Token disabled"},
    {HecCode::token_required, 401, "Token is required"},
    {HecCode::invalid_authorization, 401, "Invalid authorization"},
    {HecCode::invalid_token, 403, "Invalid token"},
    {HecCode::no_data, 400, "No data"},
    {HecCode::invalid_data_format, 400, "Invalid data format"},
    {HecCode::incorrect_index, 400, "Incorrect index"},
    {HecCode::internal_error, 500, "Internal server error"},
    {HecCode::busy, 503, "Server is busy"},
    {HecCode::channel_missing, 400, "Data channel is missing"},
    {HecCode::invalid_channel, 400, "Invalid data channel"},
    {HecCode::event_required, 400, "Event field is required"},
    {HecCode::event_blank, 400, "Event field cannot be blank"},
    {HecCode::ack_disabled, 400, "ACK is disabled"},
    {HecCode::bad_fields, 400, "Error in handling indexed fields"},
    {HecCode::query_token_disabled, 400, "Query string authorization is not enabled"},
    {HecCode::healthy, 200, "HEC is healthy"},
    {HecCode::unhealthy_queues_full, 503, "HEC is unhealthy, queues are full"},
};

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void skip_space(std::string_view& rest) {
  while (!rest.empty() && is_json_space(rest.front())) rest.remove_prefix(1);
}

// The object at the front of `rest`, by its braces alone; the parser judges what is inside. Empty when it never ends.
std::string_view take_object(std::string_view& rest) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < rest.size(); ++at) {
    const char c = rest[at];
    if (in_string) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        in_string = false;
      continue;
    }
    if (c == '"')
      in_string = true;
    else if (c == '{' || c == '[')
      ++depth;
    else if ((c == '}' || c == ']') && --depth == 0) {
      const std::string_view object = rest.substr(0, at + 1);
      rest.remove_prefix(at + 1);
      return object;
    }
  }
  return {};
}

// Flat: names to texts, numbers, booleans, or lists of those.
bool is_flat(simdjson::dom::element fields) {
  simdjson::dom::object object;
  if (fields.get_object().get(object) != simdjson::SUCCESS) return false;
  for (const auto field : object) {
    if (field.value.is_object()) return false;
    if (!field.value.is_array()) continue;
    for (const auto item : field.value.get_array())
      if (item.is_object() || item.is_array()) return false;
  }
  return true;
}

HecCode check_event(simdjson::dom::element document, const std::vector<std::string>& indexes) {
  simdjson::dom::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return HecCode::invalid_data_format;
  simdjson::dom::element value;
  if (object.at_key("event").get(value) != simdjson::SUCCESS || value.is_null()) return HecCode::event_required;
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS && text.empty()) return HecCode::event_blank;
  if (object.at_key("fields").get(value) == simdjson::SUCCESS && !is_flat(value)) return HecCode::bad_fields;
  if (!indexes.empty() && object.at_key("index").get(value) == simdjson::SUCCESS &&
      (value.get_string().get(text) != simdjson::SUCCESS ||
       std::find(indexes.begin(), indexes.end(), text) == indexes.end()))
    return HecCode::incorrect_index;
  return HecCode::success;
}

}  // namespace

net::HttpResponse hec_response(const HecAnswer& answer) {
  const Wording& wording = kWordings[static_cast<std::size_t>(answer.code)];
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("text").text(wording.text).key("code").number(static_cast<int>(answer.code));
  if (answer.invalid_event)
    writer.key("invalid-event-number").number(static_cast<std::uint64_t>(*answer.invalid_event));
  if (answer.ack_id) writer.key("ackId").number(*answer.ack_id);
  writer.end_object();
  net::HttpResponse response = net::json_response(wording.status, std::move(json));
  if (answer.code == HecCode::busy) response.set("Retry-After", "1");
  return response;
}

struct HecParser::State {
  simdjson::dom::parser parser;
  std::string padded;  // simdjson reads past the end of what it parses
};

HecParser::HecParser() : state_(std::make_unique<State>()) {}
HecParser::~HecParser() = default;
HecParser::HecParser(HecParser&&) noexcept = default;

HecAnswer HecParser::parse_events(std::string_view body, const std::vector<std::string>& indexes,
                                  std::vector<std::string_view>& events) {
  events.clear();
  std::string_view rest = body;
  bool in_array = false;
  bool after_item = false;  // within an array: a comma or its end must follow
  const auto fail_at = [&](HecCode code) { return HecAnswer{code, events.size(), std::nullopt}; };
  while (true) {
    skip_space(rest);
    if (rest.empty()) break;
    const char c = rest.front();
    if (in_array && c == ']') {
      rest.remove_prefix(1);
      in_array = after_item = false;
      continue;
    }
    if (in_array && after_item) {
      if (c != ',') return fail_at(HecCode::invalid_data_format);
      rest.remove_prefix(1);
      after_item = false;
      skip_space(rest);
      if (rest.empty() || rest.front() != '{') return fail_at(HecCode::invalid_data_format);
      continue;
    }
    if (!in_array && c == '[') {
      rest.remove_prefix(1);
      in_array = true;
      continue;
    }
    if (c != '{') return fail_at(HecCode::invalid_data_format);
    const std::string_view object = take_object(rest);
    if (object.empty()) return fail_at(HecCode::invalid_data_format);
    state_->padded.reserve(object.size() + simdjson::SIMDJSON_PADDING);
    state_->padded.assign(object);
    simdjson::dom::element document;
    if (state_->parser.parse(state_->padded.data(), state_->padded.size(), false).get(document) != simdjson::SUCCESS)
      return fail_at(HecCode::invalid_data_format);
    if (const HecCode code = check_event(document, indexes); code != HecCode::success) return fail_at(code);
    events.push_back(object);
    after_item = in_array;
  }
  if (in_array) return fail_at(HecCode::invalid_data_format);
  if (events.empty()) return {HecCode::no_data, std::nullopt, std::nullopt};
  return {};
}

std::optional<std::vector<std::uint64_t>> HecParser::parse_acks(std::string_view body, std::size_t most) {
  state_->padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  state_->padded.assign(body);
  simdjson::dom::element document;
  simdjson::dom::array list;
  if (state_->parser.parse(state_->padded.data(), state_->padded.size(), false).get(document) != simdjson::SUCCESS ||
      document["acks"].get_array().get(list) != simdjson::SUCCESS)
    return std::nullopt;
  std::vector<std::uint64_t> out;
  for (const auto item : list) {
    std::uint64_t number = 0;
    if (out.size() == most || item.get_uint64().get(number) != simdjson::SUCCESS) return std::nullopt;
    out.push_back(number);
  }
  return out;
}

void split_raw(std::string_view body, std::size_t max_message, std::vector<std::string_view>& lines) {
  lines.clear();
  while (!body.empty()) {
    const auto end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (; !line.empty(); line.remove_prefix(std::min(max_message, line.size())))
      lines.push_back(line.substr(0, max_message));
  }
}

}  // namespace yagura::intake
