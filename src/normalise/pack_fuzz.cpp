// A pack with every kind of step over foreign text: nothing is taken from the record, and the same comes out twice.
#include <cstdio>
#include <cstdlib>

#include "normalise/pack.hpp"

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) {                                     \
      std::fprintf(stderr, "law broken: %s\n", #condition); \
      std::abort();                                         \
    }                                                       \
  } while (false)

using namespace yagura;
using namespace yagura::normalise;

namespace {
constexpr std::string_view kPack = R"(
pack: fuzz
steps:
  - kv: {from: "@raw"}
  - kv: {from: "@raw", separators: ";|", assign: ":", blanks_in_keys: true, prefix: "p_"}
  - kv: {from: "@raw", blanks_in_values: true}
  - csv: {from: "@raw", columns: "a, b, c, -, e"}
  - csv: {from: "@raw", separator: " ", quote: "'"}
  - json: {from: "@raw", as: _j}
  - grok: {from: "@raw", patterns: ['%{IP:source.ip}:%{PORT:source.port} %{USER:user.name}', '%{ISOTIME:_t}', '%{QUOTED:_q}']}
  - set:
      "@timestamp": [_t, _0, a, b]
      event.start: {from: [a, b], format: ["%d/%b/%Y:%H:%M:%S %z", "%s.%f", "%m/%d/%y %I:%M %p"]}
      file.name: {from: [a, _j.x, "_j[].y", "_j[0].z", "_j[k=v].w"], basename: true}
      file.path: {from: b, dirname: true, strip: "'/", replace: {"a": "bb", "..": "."}}
      user.name: {from: c, before: "@", upper: true}
      host.name: {from: e, part: {by: "-", at: 1}, lower: true, map: {x: y, "*": z}}
      process.pid: {from: a, hex: true}
      source.mac: [a, b]
      network.transport: [a, b, c]
      rule.name: "%{a}/%{b}"
  - switch: {on: a, cases: {"x | y": [{set: {event.action: "=x"}}]}, default: [{set: {event.action: e}}]}
)";
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const auto packs = PackSet::parse(kPack, "fuzz.yaml");
  CHECK(packs.has_value());
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  std::string texts[2];
  for (auto& text : texts) {
    event::RecordBatch batch;
    batch.begin_record({.raw = line, .received_at = receive_time(0), .position = Position(1)});
    batch.set(event::intern_field("Message"), line);
    batch.end_record();
    CHECK(packs->apply(batch, 0, "fuzz"));
    CHECK(batch.size() == 1);
    CHECK(batch[0].own_fields().size() == 1);
    text = to_text(batch[0]);
  }
  CHECK(texts[0] == texts[1]);
  return 0;
}
