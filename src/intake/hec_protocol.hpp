// Splunk's HTTP Event Collector as text: what an event body is made of, and the answers word for word.
//
// Only well-formedness is looked at: each event is a JSON object with an `event` that is not blank, `fields` is flat.
// The body's bytes are the evidence, so events come out as views of it. One HecParser a thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace yagura::intake {

// Splunk's own numbers.
enum class HecCode : std::uint8_t {
  success = 0,
  token_disabled = 1,
  token_required = 2,
  invalid_authorization = 3,
  invalid_token = 4,
  no_data = 5,
  invalid_data_format = 6,
  incorrect_index = 7,
  internal_error = 8,
  busy = 9,
  channel_missing = 10,
  invalid_channel = 11,
  event_required = 12,
  event_blank = 13,
  ack_disabled = 14,
  bad_fields = 15,
  query_token_disabled = 16,
  healthy = 17,
  unhealthy_queues_full = 18,
};

struct HecAnswer {
  HecCode code = HecCode::success;
  std::optional<std::size_t> invalid_event;  // "invalid-event-number", from 0
  std::optional<std::uint64_t> ack_id;
};
// {"text":"Success","code":0} with the status that belongs to it.
net::HttpResponse hec_response(const HecAnswer& answer);

class HecParser {
 public:
  HecParser();
  ~HecParser();
  HecParser(HecParser&&) noexcept;

  // Objects one after another, with or without white space between, or arrays of objects. All of them are good, or the
  // answer says which one is not and why; then `events` is of no use. `indexes`: those allowed; empty: all.
  HecAnswer parse_events(std::string_view body, const std::vector<std::string>& indexes,
                         std::vector<std::string_view>& events);
  // The list of {"acks":[1,2]}; nullopt when it is anything else, or longer than `most`.
  std::optional<std::vector<std::uint64_t>> parse_acks(std::string_view body, std::size_t most);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The lines of a raw body, without line ends and empty ones; longer than `max_message` in pieces.
void split_raw(std::string_view body, std::size_t max_message, std::vector<std::string_view>& lines);

}  // namespace yagura::intake
