#include "sigma/yaml_document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <sstream>
#include <unordered_set>

#include "base/text.hpp"
#include "sigma/yaml_plain.hpp"

namespace yagura::sigma {

namespace {

constexpr std::size_t kMaxNodes = 100'000;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxDocuments = 10'000;

struct Mistake {
  YamlError error;
};

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& [key, value] : node.entries) count += 1 + count_nodes(value);
  return count;
}

// Builds one document's tree from yaml-cpp's events, which is several times faster than its own nodes.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode root;
  bool has_root = false;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = place_of(mark);
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) fail(mark, "an alias (*) must name an anchor (&) that stands before it");
    node_count_ += count_nodes(known->second);
    check_size(mark);
    YamlNode copy = known->second;
    copy.place = place_of(mark);
    add(std::move(copy), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.place = place_of(mark);
    node.quoted = tag == "!" || tag.ends_with(":str");
    node.text = value;
    if (!node.quoted && (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL")) {
      node.kind = YamlNode::Kind::null;
      node.text.clear();
    }
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::list, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::map, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlNode> key;
    std::unordered_set<std::string> keys;
  };

  static YamlPlace place_of(const YAML::Mark& mark) {
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }
  [[noreturn]] static void fail(const YAML::Mark& mark, std::string message) {
    throw Mistake{{place_of(mark), std::move(message)}};
  }
  void check_size(const YAML::Mark& mark) const {
    if (node_count_ > kMaxNodes) fail(mark, fmt::format("the document has more than {} nodes", kMaxNodes));
  }

  void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    if (levels_.size() >= kMaxDepth) fail(mark, fmt::format("nested deeper than {} levels", kMaxDepth));
    Level level;
    level.node.kind = kind;
    level.node.place = place_of(mark);
    level.anchor = anchor;
    levels_.push_back(std::move(level));
  }
  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    add(std::move(level.node), level.anchor);
  }
  void add(YamlNode node, YAML::anchor_t anchor) {
    if (++node_count_ > kMaxNodes)
      throw Mistake{{node.place, fmt::format("the document has more than {} nodes", kMaxNodes)}};
    if (anchor != 0) anchors_[anchor] = node;
    if (levels_.empty()) {
      root = std::move(node);
      has_root = true;
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      if (!node.is_scalar() && !node.is_null())
        throw Mistake{{node.place, "a key must be a text, not a list or a map"}};
      if (!level.keys.insert(node.text).second)
        throw Mistake{{node.place, fmt::format("the key '{}' stands twice in this map", node.text)}};
      node.kind = YamlNode::Kind::scalar;
      level.key = std::move(node);
    } else {
      level.node.entries.emplace_back(std::move(*level.key), std::move(node));
      level.key.reset();
    }
  }

  std::vector<Level> levels_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::size_t node_count_ = 0;
};

// A stream over foreign memory, without copying it.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

YamlPlace place_of_byte(std::string_view text, std::size_t at) {
  YamlPlace place{1, 1};
  for (std::size_t i = 0; i < at; ++i) {
    ++place.column;
    if (text[i] == '\n') place = {place.line + 1, 1};
  }
  return place;
}

// yaml-cpp takes a lone CR, DEL or C1 for text; a NUL it takes for the end. YAML 1.2 section 5.1 allows none of them.
std::optional<YamlError> check_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t')
        return YamlError{place_of_byte(text, i),
                         fmt::format("a control character (0x{:02x}), which YAML does not allow", byte)};
      ++i;
      continue;
    }
    const std::size_t start = i;
    if (utf8::next(text, i) == 0xFFFD && i == start + 1)
      return YamlError{place_of_byte(text, start), fmt::format("not UTF-8 (byte 0x{:02x})", byte)};
  }
  return std::nullopt;
}

bool looks_like_integer(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, is_ascii_digit);
}

// YAML 1.2 section 10.3.2: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_real(std::string_view text) {
  std::size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  std::size_t digits = 0;
  while (i < text.size() && is_ascii_digit(text[i])) ++i, ++digits;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && is_ascii_digit(text[i])) ++i, ++digits;
  }
  if (digits == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t start = i;
    while (i < text.size() && is_ascii_digit(text[i])) ++i;
    if (i == start) return false;
  }
  return i == text.size();
}

void print(std::string& out, const YamlNode& node, std::size_t indent);

// JSON's escapes are YAML's.
void print_text(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
      ++i;
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
      ++i;
    } else if (byte < 0x80) {
      out += c;
      ++i;
    } else {
      const std::size_t start = i;
      const char32_t code = utf8::next(text, i);
      // NEL, LS, PS and the byte order mark would be folded or dropped.
      if (code < 0xA0 || code == 0x2028 || code == 0x2029 || code == 0xFEFF)
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code));
      else
        out.append(text, start, i - start);
    }
  }
  out += '"';
}

void print_scalar(std::string& out, const YamlNode& node) {
  if (node.is_null())
    out += "null";
  else if (!node.quoted && (node.as_boolean() || node.is_number()))
    out += node.text;
  else
    print_text(out, node.text);
}

void print_child(std::string& out, const YamlNode& node, std::size_t indent) {
  if ((node.is_list() && node.items.empty())) {
    out += " []\n";
  } else if (node.is_map() && node.entries.empty()) {
    out += " {}\n";
  } else if (node.is_list() || node.is_map()) {
    out += '\n';
    print(out, node, indent);
  } else {
    out += ' ';
    print_scalar(out, node);
    out += '\n';
  }
}

void print(std::string& out, const YamlNode& node, std::size_t indent) {
  const std::string blanks(indent, ' ');
  switch (node.kind) {
    case YamlNode::Kind::list:
      if (node.items.empty()) out += blanks + "[]\n";
      for (const auto& item : node.items) {
        out += blanks + "-";
        print_child(out, item, indent + 4);
      }
      break;
    case YamlNode::Kind::map:
      if (node.entries.empty()) out += blanks + "{}\n";
      for (const auto& [key, value] : node.entries) {
        out += blanks;
        print_text(out, key.text);
        out += ':';
        print_child(out, value, indent + 4);
      }
      break;
    default:
      out += blanks;
      print_scalar(out, node);
      out += '\n';
  }
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name.text == key) return &value;
  return nullptr;
}

std::optional<bool> YamlNode::as_boolean() const {
  if (!is_scalar() || quoted) return std::nullopt;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> YamlNode::as_integer() const {
  if (!is_scalar() || quoted || text.empty()) return std::nullopt;
  const auto parse = [](std::string_view digits, int base) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  if (text.starts_with("0x") && text.size() > 2 && text[2] != '-') return parse(std::string_view(text).substr(2), 16);
  if (text.starts_with("0o") && text.size() > 2 && text[2] != '-') return parse(std::string_view(text).substr(2), 8);
  if (!looks_like_integer(text)) return std::nullopt;
  return parse(text[0] == '+' ? std::string_view(text).substr(1) : std::string_view(text), 10);
}

std::optional<double> YamlNode::as_real() const {
  if (const auto integer = as_integer()) return static_cast<double>(*integer);
  if (!is_scalar() || quoted || !looks_like_real(text)) return std::nullopt;
  std::string_view digits = text;
  if (digits[0] == '+') digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool operator==(const YamlNode& a, const YamlNode& b) {
  return a.kind == b.kind && a.text == b.text && a.items == b.items && a.entries == b.entries &&
         a.as_boolean() == b.as_boolean() && a.as_real() == b.as_real();
}

YamlDocuments parse_yaml(std::string_view text) {
  if (!check_characters(text)) {
    if (auto plain = parse_plain_yaml(text)) {
      YamlDocuments result;
      result.documents.push_back(std::move(*plain));
      return result;
    }
  }
  return parse_yaml_by_library(text);
}

YamlDocuments parse_yaml_by_library(std::string_view text) {
  YamlDocuments result;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto error = check_characters(text)) {
    result.error = std::move(*error);
    return result;
  }
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    for (;;) {
      TreeBuilder builder;
      if (!parser.HandleNextDocument(builder)) break;
      if (!builder.has_root) continue;
      if (result.documents.size() >= kMaxDocuments) {
        result.error = YamlError{builder.root.place, fmt::format("more than {} documents in one text", kMaxDocuments)};
        break;
      }
      result.documents.push_back(std::move(builder.root));
    }
  } catch (const Mistake& mistake) {
    result.error = mistake.error;
  } catch (const YAML::Exception& error) {
    result.error =
        YamlError{{static_cast<std::uint32_t>(error.mark.line + 1), static_cast<std::uint32_t>(error.mark.column + 1)},
                  "not YAML: " + error.msg};
  } catch (const std::exception& error) {
    result.error = YamlError{{1, 1}, std::string("not YAML: ") + error.what()};
  }
  return result;
}

std::string print_yaml(const YamlNode& node) {
  std::string out;
  print(out, node, 0);
  return out;
}

}  // namespace yagura::sigma
