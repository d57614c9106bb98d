// Records written as text in test cases: the reverse of event::to_text(), for "name: value" lines with JSON texts,
// whole numbers and bare words, and the headings @time, @format, @product, @malformed. Test code only.
#pragma once
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "event/record.hpp"

namespace yagura::normalise::testing_support {

inline void add_record(event::RecordBatch& batch, std::string_view text) {
  auto& header = batch.begin_record({.raw = batch.arena().copy("raw bytes"),
                                     .peer = "192.0.2.1",
                                     .received_at = receive_time(*parse_iso8601("2026-11-22T08:00:00Z")),
                                     .position = Position(7 + batch.size())});
  for (const auto line : split(text, '\n')) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    const std::string_view name = batch.arena().copy(line.substr(0, colon));
    const std::string_view value = batch.arena().copy(line.substr(colon + 2));
    if (name == "Message" && value.size() >= 2 && header.origin.raw == "raw bytes")
      header.origin.raw = value.substr(1, value.size() - 2);
    if (name == "@format")
      header.format = value;
    else if (name == "@product")
      header.log_source.product = value;
    else if (name == "@malformed")
      batch.mark_malformed(value, 3);
    else if (name == "@time")
      header.time = event_time(*parse_iso8601(value));
    else if (value.size() >= 2 && value.front() == '"')
      batch.set_foreign(name, event::Value::string(value.substr(1, value.size() - 2)));
    else if (const auto number = parse_int64(value))
      batch.set_foreign(name, event::Value::int64(*number));
    else
      batch.set_foreign(name, event::Value::string(value));
  }
  batch.end_record();
}

}  // namespace yagura::normalise::testing_support
