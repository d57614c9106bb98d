#include "formats/xml.hpp"

#include <pugixml.hpp>

#include "base/text.hpp"

namespace yagura::formats {

namespace {

constexpr std::size_t kMaxSize = 1 << 20;
constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxFields = 4096;

struct Reader {
  event::RecordBatch& out;
  std::size_t fields = 0;

  void set(std::string_view name, std::string_view value) {
    if (++fields > kMaxFields) return;
    out.set_foreign(name, event::Value::string(out.arena().copy(value)));
  }
  std::string_view join(std::string_view path, std::string_view name) {
    return path.empty() ? out.arena().copy(name) : out.arena().concat(path, ".", name);
  }
  // Local names: the prefix of a namespace says nothing here.
  static std::string_view local(const char* name) {
    const std::string_view text(name);
    const auto colon = text.find(':');
    return colon == std::string_view::npos ? text : text.substr(colon + 1);
  }

  void element(const pugi::xml_node& node, std::string_view path, int depth) {
    if (depth > kMaxDepth || fields > kMaxFields) return;
    bool has_elements = false;
    for (const auto& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      has_elements = true;
      const std::string_view name = local(child.name());
      const auto named = child.attribute("Name");
      if (name == "Data" && named) {
        set(join(path, named.value()), child.text().get());
        continue;
      }
      const std::string_view inner = join(path, name);
      for (const auto& attribute : child.attributes()) {
        if (std::string_view(attribute.name()).starts_with("xmlns")) continue;
        set(join(inner, local(attribute.name())), attribute.value());
      }
      element(child, inner, depth + 1);
    }
    if (!has_elements && !path.empty()) {
      if (const std::string_view text = trim(node.text().get()); !text.empty()) set(path, text);
    }
  }
};

}  // namespace

bool decode_xml_payload(std::string_view text, event::RecordBatch& out) {
  if (text.empty() || text.size() > kMaxSize) return false;
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed || !document.document_element()) return false;
  Reader reader{out};
  const pugi::xml_node root = document.document_element();
  for (const auto& attribute : root.attributes())
    if (!std::string_view(attribute.name()).starts_with("xmlns"))
      reader.set(out.arena().copy(Reader::local(attribute.name())), attribute.value());
  reader.element(root, {}, 0);
  out.current().format = "xml";
  return true;
}

}  // namespace yagura::formats
