// What type a column of a file has, by all of its values.
//
// The rules (docs/files.md): only null or empty: string. true/false: bool. Whole numbers: long; with fractions or
// exponents among them: real. Text that is ISO 8601 date and time, all of it: datetime; other text: string. Objects and
// lists, or kinds that do not go together: dynamic. In CSV an empty cell is null, and a number with a leading zero or
// sign + is text.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "event/kql_type.hpp"

namespace yagura::files {

class TypeGuess {
 public:
  void see_boolean() { seen_ |= kBoolean; }
  void see_integer() { seen_ |= kInteger; }
  void see_real() { seen_ |= kReal; }
  void see_structure() { seen_ |= kStructure; }
  void see_big() { seen_ |= kBig; }      // a whole number beyond 64 bits
  void see_text(std::string_view text);  // of JSON
  void see_cell(std::string_view cell);  // of CSV: says what the text looks like
  event::KqlType type() const;

 private:
  static constexpr std::uint8_t kBoolean = 1, kInteger = 2, kReal = 4, kText = 8, kTime = 16, kStructure = 32,
                                kBig = 64;
  std::uint8_t seen_ = 0;
};

// "2026-11-22T10:00:00Z", "2026-11-22 10:00:00.5+09:00", "2026-11-22": the ticks. Nothing else is a time in a file.
std::optional<std::int64_t> file_time(std::string_view text);
// A number as people write it in CSV; "007" and "+1" are none.
bool is_plain_integer(std::string_view text);
bool is_plain_real(std::string_view text);

}  // namespace yagura::files
