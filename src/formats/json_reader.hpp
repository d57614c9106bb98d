// One JSON object into fields of a Record: the fast path of decode_json().
//
// simdjson finds the tokens and checks UTF-8 and strings (its first stage); what they mean is read from there straight
// into the record's fields. Names: json_names.hpp. Numbers: int64 where they fit, double where they have a fraction or
// exponent, else their digits as text. Bounds and what is malformed: json.hpp. One thread per object.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/record.hpp"
#include "formats/json_names.hpp"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace yagura::formats {

class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  // Appends the fields of the object in `text` to the current record. Else says why not, and what was read so far stays.
  // Texts are copied into the batch.
  std::string_view read(std::string_view text, event::RecordBatch& out);

 private:
  class Walk;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
  JsonNames names_;
  std::vector<char> scratch_;  // for a text with escapes
  std::vector<event::Value> values_;
  std::vector<event::Member> members_;
};

}  // namespace yagura::formats
