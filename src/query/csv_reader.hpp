// Records of comma or tab separated text, RFC 4180: quotes, doubled quotes, line ends inside quotes; CRLF or LF.
//
// Reads from a buffer that may be a part of a file. Total: any bytes give records; a quote that never closes ends with
// the text. Stateless between records but for the line number.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::query {

class CsvReader {
 public:
  explicit CsvReader(char separator = ',') : separator_(separator) {}
  // The record at `at`, which moves behind it. False: there is none left, or (unless `last`) the text ends within one.
  // A line that is empty is passed over.
  bool next(std::string_view text, std::size_t& at, bool last, std::vector<std::string>& fields);
  std::uint64_t line() const { return record_line_; }  // where the last record began, from 1
  bool unclosed_quote() const {
    return unclosed_quote_;
  }                              // the last record's last field was cut by the end of the text
  void skip_line() { ++line_; }  // a line that somebody else read

 private:
  char separator_;
  std::uint64_t line_ = 1, record_line_ = 1;
  bool unclosed_quote_ = false;
};

}  // namespace yagura::query
