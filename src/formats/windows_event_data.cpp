#include "formats/windows_event_data.hpp"

#include <pugixml.hpp>

#include "base/text.hpp"
#include "formats/json.hpp"

namespace yagura::formats {

namespace {

constexpr std::size_t kMostText = 1 << 20;
constexpr int kMostDepth = 16;

std::string_view local(const char* name) {
  const std::string_view text(name);
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

// Texts of lists and objects keep to the batch that was read into, so those stay where they were.
bool copied(const event::Value& value, Arena& arena, event::Value& out) {
  using Kind = event::Value::Kind;
  if (value.kind() == Kind::list || value.kind() == Kind::object) return false;
  out = value.is_string() ? event::Value::string(arena.copy(value.as_string())) : value;
  return true;
}

void visit(const pugi::xml_node& node, Arena& arena, int depth, const std::function<void(std::string_view, event::Value)>& each) {
  for (const auto& child : node.children()) {
    if (child.type() != pugi::node_element || depth > kMostDepth) continue;
    const auto name = local(child.name());
    if (name == "DataItem" || name == "EventData" || name == "UserData") {
      visit(child, arena, depth + 1, each);
      continue;
    }
    const std::string_view attribute(child.attribute("Name").value());
    const auto called = !attribute.empty() ? attribute : name;
    each(arena.copy(called), event::Value::string(arena.copy(child.text().get())));
  }
}

}  // namespace

bool read_event_data_text(std::string_view text, Arena& arena,
                          const std::function<void(std::string_view, event::Value)>& each) {
  text = trim(text);
  if (text.size() > kMostText) return false;
  if (text.starts_with('{')) {
    event::RecordBatch inner;
    inner.begin_record({});
    if (!decode_json_payload(text, inner)) return false;
    for (const auto& field : inner.current_fields()) {
      event::Value value;
      if (copied(field.value, arena, value)) each(arena.copy(field.name), value);
    }
    return true;
  }
  if (!text.starts_with('<')) return false;
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8)) return false;
  visit(document, arena, 0, each);
  return true;
}

}  // namespace yagura::formats
