// Function files and commands of strangers: whatever is read has a name and brackets around its parameters; what a
// command gives is read again from its own text as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "query/command_reader.hpp"
#include "query/csv_reader.hpp"
#include "query/function_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura::query;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"f.yaml", "f.json", "f.kql"})
    if (const auto read = parse_function_file(text, name))
      for (const auto& function : *read)
        if (function.name.empty()) std::abort();
  if (const auto command = parse_function_command(text)) {
    const auto again = parse_function_command(".create-or-alter function ['" + command->function.name + "']" +
                                              command->function.parameters + command->function.body);
    if (command->function.name.find_first_of("'\\\n\r\t") == std::string::npos &&
        (!again || again->function.body != command->function.body))
      std::abort();
  }
  (void)find_pipe(text);
  // Whole or in two pieces, a CSV has the same records.
  std::vector<std::string> fields, rebuilt;
  CsvReader whole;
  std::size_t at = 0, count = 0, last = 0;
  while (whole.next(text, at, true, fields)) {
    if (at <= last) std::abort();
    last = at;
    ++count;
  }
  CsvReader pieces;
  at = 0;
  std::size_t again = 0;
  const auto half = text.substr(0, size / 2);
  while (pieces.next(half, at, false, fields)) ++again;
  while (pieces.next(text, at, true, fields)) ++again;
  if (again != count) std::abort();
  return 0;
}
