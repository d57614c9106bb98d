// Which line of a file we are on, for messages. Private to the room.
#pragma once
#include <algorithm>
#include <string_view>

namespace yagura::files {

inline std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Bad lines, counted and the first of them named.
struct BadLines {
  std::uint64_t count = 0;
  std::string first;
};

}  // namespace yagura::files
