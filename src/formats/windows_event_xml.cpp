// <Event> elements through the same fields as binary XML's.
#include <pugixml.hpp>

#include "base/text.hpp"
#include "formats/evtx_fields.hpp"
#include "formats/fields.hpp"
#include "formats/windows_event.hpp"

namespace yagura::formats {

namespace {

constexpr std::size_t kMaxSize = 4 << 20;
constexpr int kMaxDepth = 64;

std::string_view local(const char* name) {
  const std::string_view text(name);
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

void visit(const pugi::xml_node& node, EvtxFieldMaker& fields, Arena& arena, int depth) {
  if (depth > kMaxDepth) return;
  const std::string_view name = local(node.name());
  fields.begin_element(arena.copy(name));
  for (const auto& attribute : node.attributes()) {
    const std::string_view key(attribute.name());
    if (key.starts_with("xmlns")) continue;
    fields.attribute(arena.copy(key), event::Value::string(arena.copy(attribute.value())), false);
  }
  bool has_elements = false;
  for (const auto& child : node.children()) has_elements |= child.type() == pugi::node_element;
  for (const auto& child : node.children()) {
    if (child.type() == pugi::node_element)
      visit(child, fields, arena, depth + 1);
    else if ((child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) &&
             (!has_elements || !trim(child.value()).empty()))
      fields.text(event::Value::string(arena.copy(child.value())), false);
  }
  fields.end_element();
}

}  // namespace

void decode_windows_xml(const event::RecordOrigin& origin, event::RecordBatch& out) {
  const auto refuse = [&](std::string_view why, std::size_t at) {
    out.begin_record(origin).format = "windows-xml";
    out.set(field::message, origin.raw);
    out.mark_malformed(why, at);
    out.end_record();
  };
  if (origin.raw.size() > kMaxSize) return refuse("an event of more than 4 MiB", 0);
  pugi::xml_document document;
  const auto parsed = document.load_buffer(origin.raw.data(), origin.raw.size(),
                                           pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
  if (!parsed)
    return refuse("not well-formed XML", static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0)));
  const auto root = document.document_element();
  if (local(root.name()) != "Event") return refuse("XML, but no <Event>", 0);
  thread_local EvtxFieldMaker fields;
  fields.begin_chunk();
  fields.begin(out.arena());
  visit(root, fields, out.arena(), 0);
  fields.finish(origin, 0, out);
  out.resume_record();
  out.current().format = "windows-xml";
  // Everything is text there; what the binary form has as numbers is made so again.
  out.current().log_source = {};
  complete_windows_event(out);
  out.current().log_source = {"windows", "", ""};
  out.current().origin.item_id = origin.item_id;  // the journal's, not the event's own
  if (const auto message = root.child("RenderingInfo").child("Message"); message)
    out.set(field::message, out.arena().copy(message.text().get()));
  out.end_record();
}

}  // namespace yagura::formats
