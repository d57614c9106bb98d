// parse_xml(): elements become members, attributes @members, text #text. https://learn.microsoft.com/kusto/query/parse-xml-function
//
// Texts that are plain numbers become numbers, as in the documentation's example. Bounded: 1 MB of text, 200 levels; pugixml
// expands no entities but XML's own five.
#include <pugixml.hpp>

#include <cmath>
#include <map>

#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

constexpr std::size_t kMaxText = 1'048'576;
constexpr int kMaxDepth = 200;

// A number that JSON writes the same way and a real holds with all its digits.
bool is_number(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0, digits = 0;
  if (i == text.size() || text.size() > 17 || (text[i] == '0' && i + 1 < text.size() && text[i + 1] != '.')) return false;
  bool point = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point && digits > 0 && i + 1 < text.size()) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      ++digits;
    } else {
      return false;
    }
  }
  return digits > 0 && digits <= 15;
}
void append_value(std::string& out, std::string_view text) {
  if (is_number(text)) out += text;
  else json::append_quoted(out, text);
}

bool append_element(std::string& out, const pugi::xml_node& element, int depth) {
  if (depth > kMaxDepth) return false;
  // Members in the order of their first appearance; several of a name become an array.
  std::vector<std::pair<std::string_view, std::vector<std::string>>> members;
  std::map<std::string_view, std::size_t> known;
  const auto member = [&](std::string_view name) -> std::vector<std::string>& {
    const auto [at, is_new] = known.emplace(name, members.size());
    if (is_new) members.emplace_back(name, std::vector<std::string>());
    return members[at->second].second;
  };
  std::map<std::string, bool> attribute_names;
  for (const auto& a : element.attributes()) {
    const auto [name, is_new] = attribute_names.emplace("@" + std::string(a.name()), true);
    append_value(member(name->first).emplace_back(), a.value());
  }
  bool plain = members.empty();
  for (const auto& child : element.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      append_value(member("#text").emplace_back(), child.value());
    } else if (child.type() == pugi::node_element) {
      plain = false;
      if (!append_element(member(child.name()).emplace_back(), child, depth + 1)) return false;
    }
  }
  if (members.empty()) {
    out += "null";
    return true;
  }
  if (plain && members.size() == 1 && members[0].second.size() == 1) {
    out += members[0].second[0];
    return true;
  }
  out += '{';
  for (const auto& [name, values] : members) {
    if (out.back() != '{') out += ',';
    json::append_quoted(out, name);
    out += ':';
    if (values.size() > 1) out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out += ',';
      out += values[i];
    }
    if (values.size() > 1) out += ']';
  }
  out += '}';
  return true;
}

constexpr auto parse_xml = [](Arena& arena, std::string_view text) -> std::optional<Json> {
  if (text.empty() || text.size() > kMaxText) return std::nullopt;
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_trim_pcdata, pugi::encoding_utf8)) return std::nullopt;
  const auto root = document.document_element();
  if (!root || root.next_sibling()) return std::nullopt;
  for (auto before = root.previous_sibling(); before; before = before.previous_sibling()) {
    if (before.type() == pugi::node_pcdata) return std::nullopt;
  }
  std::string out = "{";
  json::append_quoted(out, root.name());
  out += ':';
  if (!append_element(out, root, 0)) return std::nullopt;
  return Json{arena.copy(out + "}")};
};

constexpr Kernel kKernels[] = {{"parse_xml", kernel_rows<parse_xml>}};

}  // namespace

std::span<const Kernel> xml_kernels() { return kKernels; }

}  // namespace yagura::kql
