#include "sigma/yaml_plain.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

bool is_alnum(char c) { return is_ascii_alpha(c) || is_ascii_digit(c); }

constexpr std::size_t kMostNodes = 50'000;  // half of what yaml-cpp may make, so that bounds are its to explain
constexpr std::size_t kMostDepth = 48;
constexpr std::size_t kMostKeySize = 200;
constexpr std::size_t kMostKeys = 512;  // of one map: looked through one by one

struct Line {
  std::string_view text;   // without the line feed
  std::size_t indent = 0;  // blanks in front; where a comment or nothing follows them: see is_empty
  bool is_empty = false;   // nothing, or a comment
};

class Parser {
 public:
  explicit Parser(std::string_view text) {
    std::uint32_t number = 0;
    while (!text.empty()) {
      const auto end = text.find('\n');
      Line line{text.substr(0, end)};
      text.remove_prefix(end + 1);
      line.indent = std::min(line.text.find_first_not_of(' '), line.text.size());
      line.is_empty = line.indent == line.text.size() || line.text[line.indent] == '#';
      lines_.push_back(line);
      ++number;
    }
  }

  bool run(YamlNode& root) {
    skip_empty();
    if (at_ == lines_.size() || lines_[at_].indent != 0 || starts_item(lines_[at_].text)) return false;
    return read_map(0, 0, root) && at_ == lines_.size();
  }

 private:
  void skip_empty() {
    while (at_ < lines_.size() && lines_[at_].is_empty) ++at_;
  }
  static bool starts_item(std::string_view text) { return text == "-" || text.starts_with("- "); }
  std::string_view rest_at(std::size_t column) const { return lines_[at_].text.substr(column); }
  bool count(std::size_t depth) { return ++nodes_ <= kMostNodes && depth <= kMostDepth; }
  YamlPlace place_at(std::size_t column) const {
    return {static_cast<std::uint32_t>(at_ + 1), static_cast<std::uint32_t>(column + 1)};
  }

  // "key" of "key: value"; "" when it is not one of the simplest kind.
  static std::string_view key_of(std::string_view text) {
    if (text.empty() || !(is_alnum(text[0]) || text[0] == '_')) return {};
    for (std::size_t i = 1; i < text.size() && i <= kMostKeySize; ++i) {
      const char c = text[i];
      if (c == ':') {
        if (i + 1 != text.size() && text[i + 1] != ' ') return {};
        const auto key = text.substr(0, i);
        return key.back() == ' ' || key == "null" || key == "Null" || key == "NULL" ? std::string_view() : key;
      }
      if (!is_alnum(c) && c != '_' && c != '|' && c != '.' && c != '-' && c != '/' && c != '*' && c != ' ')
        return {};
    }
    return {};
  }

  // The map whose first key stands at `column` of this line, and whose others are indented that far.
  bool read_map(std::size_t column, std::size_t depth, YamlNode& map) {
    if (!count(depth)) return false;
    map.kind = YamlNode::Kind::map;
    map.place = place_at(column);
    for (;;) {
      const auto key = key_of(rest_at(column));
      if (key.empty() || map.entries.size() == kMostKeys || !count(depth)) return false;
      for (const auto& entry : map.entries)
        if (entry.first.text == key) return false;  // twice
      auto& entry = map.entries.emplace_back();
      entry.first.kind = YamlNode::Kind::scalar;
      entry.first.text = key;
      entry.first.place = place_at(column);
      if (!read_value(column, column + key.size() + 1, depth, entry.second)) return false;
      if (at_ == lines_.size() || lines_[at_].indent < column) return true;
      if (lines_[at_].indent > column) return false;
      if (starts_item(rest_at(column))) return false;
    }
  }

  // What stands behind a key's colon, of a map at `column`; goes on to the next line that says something.
  bool read_value(std::size_t column, std::size_t from, std::size_t depth, YamlNode& value) {
    const auto text = rest_at(from);
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos || text[begin] == '#') {
      ++at_;
      skip_empty();
      if (at_ == lines_.size() || lines_[at_].indent < column) return false;
      const std::size_t indent = lines_[at_].indent;
      const bool is_list = starts_item(rest_at(indent));
      if (indent == column && !is_list) return false;  // a missing value
      return is_list ? read_list(indent, depth + 1, value) : read_map(indent, depth + 1, value);
    }
    if (text[begin] == '|') return read_block(column, from + begin, depth, value);
    return read_scalar(column, from + begin, depth, value);
  }

  bool read_list(std::size_t column, std::size_t depth, YamlNode& list) {
    if (!count(depth)) return false;
    list.kind = YamlNode::Kind::list;
    list.place = place_at(column);
    for (;;) {
      const auto text = rest_at(column + 1);
      const auto begin = text.find_first_not_of(' ');
      auto& item = list.items.emplace_back();
      if (begin == std::string_view::npos || text[begin] == '#') {
        ++at_;
        skip_empty();
        if (at_ == lines_.size() || lines_[at_].indent <= column) return false;
        const std::size_t indent = lines_[at_].indent;
        if (starts_item(rest_at(indent)) ? !read_list(indent, depth + 1, item) : !read_map(indent, depth + 1, item))
          return false;
      } else {
        const std::size_t at = column + 1 + begin;
        if (!(key_of(rest_at(at)).empty() ? read_scalar(column, at, depth, item) : read_map(at, depth + 1, item)))
          return false;
      }
      if (at_ == lines_.size() || lines_[at_].indent < column) return true;
      if (lines_[at_].indent > column) return false;
      if (!starts_item(rest_at(column))) return true;  // the map that it is a value of goes on
    }
  }

  // A scalar on one line, inside of something at `parent`.
  bool read_scalar(std::size_t parent, std::size_t column, std::size_t depth, YamlNode& value) {
    if (!count(depth)) return false;
    const auto text = rest_at(column);
    value.kind = YamlNode::Kind::scalar;
    value.place = place_at(column);
    if (text[0] == '\'' || text[0] == '"') {
      std::size_t i = 1;
      for (;; ++i) {
        if (i >= text.size() || (text[0] == '"' && text[i] == '\\')) return false;
        if (text[i] == text[0]) {
          if (text[0] != '\'' || i + 1 == text.size() || text[i + 1] != '\'') break;
          ++i;
        }
        value.text += text[i];
      }
      const auto behind = text.substr(i + 1);
      const auto more = behind.find_first_not_of(' ');
      if (more != std::string_view::npos && (more == 0 || behind[more] != '#')) return false;
      value.quoted = true;
    } else {
      const auto first = static_cast<unsigned char>(text[0]);
      const bool may_begin = is_alnum(text[0]) || first >= 0x80 || std::string_view("_/\\.($+^<;=~").contains(text[0]) ||
                             (text[0] == '-' && text.size() > 1 && text[1] != ' ');
      if (!may_begin) return false;
      std::size_t end = text.size();
      for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return false;
        if (text[i] == '#' && text[i - 1] == ' ') {
          end = i;
          break;
        }
      }
      auto plain = text.substr(0, end);
      plain = plain.substr(0, plain.find_last_not_of(' ') + 1);
      if (plain == "~" || plain == "null" || plain == "Null" || plain == "NULL")
        value.kind = YamlNode::Kind::null;
      else
        value.text = plain;
    }
    ++at_;
    skip_empty();
    // Else it goes on there, or is a mistake.
    return at_ == lines_.size() || lines_[at_].indent <= parent;
  }

  // "|": lines as they are, with one line feed at the end.
  bool read_block(std::size_t parent, std::size_t column, std::size_t depth, YamlNode& value) {
    if (!count(depth) || rest_at(column) != "|") return false;
    value.kind = YamlNode::Kind::scalar;
    value.quoted = true;
    value.place = place_at(column);
    ++at_;
    if (at_ == lines_.size()) return false;
    const std::size_t indent = lines_[at_].indent;
    if (indent <= parent || indent == lines_[at_].text.size()) return false;
    std::size_t breaks = 0;
    for (; at_ < lines_.size(); ++at_) {
      const auto& line = lines_[at_];
      if (line.indent == line.text.size()) {  // blank
        if (line.text.size() > indent) return false;
        ++breaks;
        continue;
      }
      if (line.indent < indent) {
        if (line.indent > parent) return false;
        break;
      }
      value.text.append(breaks, '\n');
      breaks = 0;
      value.text += line.text.substr(indent);
      value.text += '\n';
    }
    skip_empty();
    return at_ == lines_.size() || lines_[at_].indent <= parent;
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

// Of what is beyond ASCII only letters that nobody takes for a line's end or leaves out.
bool has_simple_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\t' || byte == '\r' || byte == 0x7F || byte >= 0xEF) return false;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
    if (byte == 0xE2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0x80) return false;
  }
  return true;
}

}  // namespace

std::optional<YamlNode> parse_plain_yaml(std::string_view text) {
  if (!text.ends_with('\n') || !has_simple_characters(text)) return std::nullopt;
  YamlNode root;
  if (!Parser(text).run(root)) return std::nullopt;
  return root;
}

}  // namespace yagura::sigma
