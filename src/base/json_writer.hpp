// Writes JSON text straight into a string; commas are its business. Ill-formed UTF-8 becomes U+FFFD, so the
// result is always valid JSON. Reading JSON: simdjson (data), Boost.JSON (control plane).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace yagura {

void append_json_string(std::string& out, std::string_view text);  // with quotes
// Shortest text that reads back as the same double; "null" for NaN and infinities (JSON has none).
void append_json_double(std::string& out, double value);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& number(int value) { return number(static_cast<std::int64_t>(value)); }
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // a value that is JSON already

 private:
  JsonWriter& open(char c);
  JsonWriter& close(char c);
  void separate();
  std::string& out_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace yagura
