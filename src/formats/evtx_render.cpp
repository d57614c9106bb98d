// Records as XML and JSON text.
#include <unordered_map>

#include "base/json_writer.hpp"
#include "formats/evtx.hpp"

namespace yagura::formats {

namespace {

void append_escaped(std::string& out, std::string_view text, bool in_attribute) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += in_attribute ? "&quot;" : "\""; break;
      default:
        // XML 1.0 has no other control characters.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r')
          out += "\xEF\xBF\xBD";
        else
          out += c;
    }
  }
}

void append_element(std::string& out, const EvtxElement& element) {
  out += '<';
  out += element.name;
  for (const auto& [name, value] : element.attributes) {
    out += ' ';
    out += name;
    out += "=\"";
    std::string text;
    append_text(text, value);
    append_escaped(out, text, true);
    out += '"';
  }
  if (element.texts.empty() && element.children.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  append_escaped(out, element.text(), false);
  for (const auto& child : element.children) append_element(out, child);
  out += "</";
  out += element.name;
  out += '>';
}

void append_value(std::string& out, const event::Value& value) { event::append_json(out, value); }

// The text of an element: its type kept when it is one value.
void append_text_value(std::string& out, const EvtxElement& element) {
  if (element.texts.size() == 1)
    append_value(out, element.texts.front());
  else
    append_json_string(out, element.text());
}

void append_json_element(std::string& out, const EvtxElement& element);

// The members that stand for the children: a name that comes again is counted.
void append_children(std::string& out, const EvtxElement& element, bool& first) {
  std::unordered_map<std::string, int> seen;
  for (const auto& child : element.children) {
    std::string name(child.name);
    bool named = false;
    if (child.name == "Data") {
      for (const auto& [key, value] : child.attributes)
        if (key == "Name") {
          name.clear();
          event::append_text(name, value);
          named = true;
        }
      if (!named && element.children.size() > 1) continue;  // all of them together, below
    }
    if (const int before = seen[name]++; before > 0) name += fmt::format("_{}", before);
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, name);
    out += ':';
    if (named && child.attributes.size() == 1 && child.children.empty())
      child.texts.empty() ? out += "\"\"" : (append_text_value(out, child), out);
    else
      append_json_element(out, child);
  }
}

void append_json_element(std::string& out, const EvtxElement& element) {
  if (element.attributes.empty() && element.children.empty()) {
    if (element.texts.empty())
      out += "null";
    else
      append_text_value(out, element);
    return;
  }
  out += '{';
  bool first = true;
  if (!element.attributes.empty()) {
    out += "\"#attributes\":{";
    bool first_attribute = true;
    for (const auto& [name, value] : element.attributes) {
      if (!std::exchange(first_attribute, false)) out += ',';
      append_json_string(out, name);
      out += ':';
      append_value(out, value);
    }
    out += '}';
    first = false;
  }
  if (!element.texts.empty()) {
    if (!std::exchange(first, false)) out += ',';
    out += "\"#text\":";
    append_text_value(out, element);
  }
  append_children(out, element, first);
  // <Data> without names, several: one list.
  std::string list;
  if (element.children.size() > 1)
    for (const auto& child : element.children) {
      if (child.name != "Data" || !child.attributes.empty()) continue;
      if (!list.empty()) list += ',';
      if (child.texts.empty())
        list += "\"\"";
      else
        append_text_value(list, child);
    }
  if (!list.empty()) {
    if (!std::exchange(first, false)) out += ',';
    out += "\"Data\":{\"#text\":[" + list + "]}";
  }
  out += '}';
}

}  // namespace

const EvtxElement* EvtxElement::child(std::string_view child_name) const {
  for (const auto& one : children)
    if (one.name == child_name) return &one;
  return nullptr;
}

std::string EvtxElement::text() const {
  std::string out;
  for (const auto& piece : texts) append_text(out, piece);
  return out;
}

std::string evtx_xml(const EvtxElement& event) {
  std::string out;
  append_element(out, event);
  return out;
}

std::string evtx_json(const EvtxElement& event) {
  std::string out = "{";
  append_json_string(out, event.name);
  out += ':';
  append_json_element(out, event);
  out += '}';
  return out;
}

}  // namespace yagura::formats
