#include "base/json_cutter.hpp"

#include <array>

#include "base/text.hpp"

namespace yagura {

namespace {

// Members that hold the events: CloudTrail and Azure's exports, APIs' pages, CloudWatch, GuardDuty.
constexpr std::array<std::string_view, 9> kHolders{"Records", "records", "value",     "events",  "Events",
                                                   "items",   "results", "logEvents", "Findings"};
constexpr std::size_t kFarthest = 4'096;  // that such a member may begin behind its brace

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

// {"Records": [ at `at`: `inside` is set behind the bracket. `undecided` when the text ends before one can tell.
bool JsonCutter::opens_wrapper(std::string_view text, std::size_t at, std::size_t& inside, bool& undecided) const {
  undecided = false;
  std::size_t i = at + 1;
  const auto skip = [&] {
    while (i < text.size() && is_blank(text[i])) ++i;
    if (i < text.size()) return true;
    undecided = text.size() - at < kFarthest;
    return false;
  };
  if (!skip() || text[i] != '"') return false;
  const auto name_end = text.find('"', i + 1);
  if (name_end == std::string_view::npos) {
    undecided = text.size() - at < kFarthest;
    return false;
  }
  const auto name = text.substr(i + 1, name_end - i - 1);
  if (std::ranges::find(kHolders, name) == kHolders.end()) return false;
  i = name_end + 1;
  if (!skip() || text[i] != ':') return false;
  ++i;
  if (!skip() || text[i] != '[') return false;
  inside = i + 1;
  return true;
}

// Behind the value that begins at `at`; npos when the text ends first.
std::size_t JsonCutter::value_end(std::string_view text, std::size_t at) {
  std::size_t i = at + scanned_;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string_) {
      if (c == '\\') {
        if (i + 1 >= text.size()) break;
        ++i;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      if (--depth_ <= 0) {
        scanned_ = 0;
        depth_ = 0;
        return i + 1;
      }
    }
  }
  scanned_ = i - at;
  return std::string_view::npos;
}

void JsonCutter::cut(std::string_view text, bool ends, std::vector<JsonPiece>& values, std::size_t& consumed) {
  std::size_t at = 0;
  consumed = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (scanned_ == 0) {
      if (is_blank(c) || c == ',') {
        consumed = ++at;
        continue;
      }
      if (c == '\xEF') {  // a byte order mark
        if (text.size() - at < 3 && !ends) return;
        if (text.substr(at, 3) == "\xEF\xBB\xBF") {
          consumed = at += 3;
          continue;
        }
      }
      if (passing_) {  // what follows the array in its object
        if (c == '}') passing_ = false;
        if (c == '"') {
          const auto end = text.find('"', at + 1);
          if (end == std::string_view::npos && !ends) return;
          at = end == std::string_view::npos ? text.size() - 1 : end;
        } else if (c == '{' || c == '[') {
          const auto end = value_end(text, at);
          if (end == std::string_view::npos && !ends) {
            scanned_ = 0, depth_ = 0, in_string_ = false;
            return;
          }
          at = end == std::string_view::npos ? text.size() - 1 : end - 1;
        }
        consumed = ++at;
        continue;
      }
      if (c == ']' && wrappers_ > 0) {
        wrappers_ = 0;
        passing_ = std::exchange(in_object_, false);
        consumed = ++at;
        continue;
      }
      if (open_ && c == '[' && wrappers_ == 0) {
        wrappers_ = 1;
        consumed = ++at;
        continue;
      }
      if (open_ && c == '{' && wrappers_ == 0) {
        std::size_t inside = 0;
        bool undecided = false;
        if (opens_wrapper(text, at, inside, undecided)) {
          wrappers_ = 1;
          in_object_ = true;
          consumed = at = inside;
          continue;
        }
        if (undecided && !ends) return;
      }
      if (c != '{' && (open_ || c != '[')) {  // not an object: the rest of the line is given as it is
        const auto line = text.find('\n', at);
        if (line == std::string_view::npos && !ends) return;
        const auto end = line == std::string_view::npos ? text.size() : line;
        values.push_back({at, end - at});
        consumed = at = end;
        continue;
      }
    }
    const auto end = value_end(text, at);
    if (end == std::string_view::npos) {
      if (!ends) return;
      values.push_back({at, text.size() - at});
      scanned_ = 0, depth_ = 0, in_string_ = false;
      consumed = text.size();
      return;
    }
    values.push_back({at, end - at});
    consumed = at = end;
  }
}

}  // namespace yagura
