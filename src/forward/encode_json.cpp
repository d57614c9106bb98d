// JSON: one object on one line. Windows events as evtx_dump lays them out ({"Event": {"System": ..., "EventData":
// ...}}), so that tools for those and our own decoder read them; every other record as its fields, in their order.
#include <unordered_map>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "formats/fields.hpp"
#include "forward/encode.hpp"

namespace yagura::forward::encode {

using event::Record;
using event::Value;
using formats::WindowsEventView;
using formats::WindowsSystem;

namespace {

// Attributes of one element, in Windows' order.
struct Attribute {
  std::string_view name;
  WindowsSystem which;
};
struct ElementOfSystem {
  std::string_view name;
  std::optional<WindowsSystem> text;
  std::vector<Attribute> attributes;
};

const std::vector<ElementOfSystem>& elements() {
  static const std::vector<ElementOfSystem> all{
      {"Provider",
       std::nullopt,
       {{"Name", WindowsSystem::provider_name},
        {"Guid", WindowsSystem::provider_guid},
        {"EventSourceName", WindowsSystem::provider_event_source_name}}},
      {"EventID", WindowsSystem::event_id, {{"Qualifiers", WindowsSystem::event_id_qualifiers}}},
      {"Version", WindowsSystem::version, {}},
      {"Level", WindowsSystem::level, {}},
      {"Task", WindowsSystem::task, {}},
      {"Opcode", WindowsSystem::opcode, {}},
      {"Keywords", WindowsSystem::keywords, {}},
      {"TimeCreated", std::nullopt, {{"SystemTime", WindowsSystem::system_time}}},
      {"EventRecordID", WindowsSystem::event_record_id, {}},
      {"Correlation",
       std::nullopt,
       {{"ActivityID", WindowsSystem::correlation_activity_id},
        {"RelatedActivityID", WindowsSystem::correlation_related_activity_id}}},
      {"Execution",
       std::nullopt,
       {{"ProcessID", WindowsSystem::execution_process_id},
        {"ThreadID", WindowsSystem::execution_thread_id},
        {"ProcessorID", WindowsSystem::execution_processor_id},
        {"SessionID", WindowsSystem::execution_session_id},
        {"KernelTime", WindowsSystem::execution_kernel_time},
        {"UserTime", WindowsSystem::execution_user_time},
        {"ProcessorTime", WindowsSystem::execution_processor_time}}},
      {"Channel", WindowsSystem::channel, {}},
      {"Computer", WindowsSystem::computer, {}},
      {"Security", std::nullopt, {{"UserID", WindowsSystem::security_user_id}}},
  };
  return all;
}

// At most `most` bytes of a text; 0: all.
void append_value(std::string& out, const Value& value, std::size_t most) {
  if (value.is_string() && most != 0)
    append_json_string(out, cut_text(value.as_string(), most));
  else
    event::append_json(out, value);
}

void windows(std::string& out, const Record& record, const WindowsEventView& view, std::size_t most_value) {
  out += R"({"Event":{"System":{)";
  bool first = true;
  const auto member = [&](std::string_view name) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, name);
    out += ':';
  };
  for (const auto& element : elements()) {
    const Value* text = element.text ? view.system(*element.text) : nullptr;
    bool has_attribute = false;
    for (const auto& attribute : element.attributes) has_attribute |= view.system(attribute.which) != nullptr;
    if (text == nullptr && !has_attribute) continue;
    member(element.name);
    if (!has_attribute) {
      append_value(out, *text, most_value);
      continue;
    }
    out += R"({"#attributes":{)";
    bool first_attribute = true;
    for (const auto& attribute : element.attributes)
      if (const Value* value = view.system(attribute.which)) {
        if (!std::exchange(first_attribute, false)) out += ',';
        append_json_string(out, attribute.name);
        out += ':';
        append_value(out, *value, most_value);
      }
    out += '}';
    if (text != nullptr) {
      out += R"(,"#text":)";
      append_value(out, *text, most_value);
    }
    out += '}';
  }
  out += '}';

  // <Data> of the same name become one list, unnamed ones {"Data": {"#text": [...]}}.
  const bool is_user_data = view.body() == WindowsEventView::Body::user_data;
  if (view.body() != WindowsEventView::Body::none) {
    out += is_user_data ? R"(,"UserData":{)" : R"(,"EventData":{)";
    if (is_user_data) {
      append_json_string(out, view.user_element().empty() ? "EventXML" : view.user_element());
      out += ":{";
    }
    const auto data = view.data();
    std::unordered_map<std::string_view, std::vector<std::size_t>> places;
    for (std::size_t i = 0; i < data.size(); ++i) places[data[i].name].push_back(i);
    first = true;
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto& same = places[data[i].name];
      if (same.front() != i) continue;
      member(data[i].name.empty() ? "Data" : data[i].name);
      const bool as_list = same.size() > 1;
      if (data[i].name.empty()) out += R"({"#text":)";
      if (as_list) out += '[';
      for (std::size_t k = 0; k < same.size(); ++k) {
        if (k > 0) out += ',';
        append_value(out, data[same[k]].value, most_value);
      }
      if (as_list) out += ']';
      if (data[i].name.empty()) out += '}';
    }
    out += is_user_data ? "}}" : "}";
  }
  if (const auto message = view.rendered_message(); !message.empty()) {
    out += R"(,"RenderingInfo":{"Message":)";
    append_json_string(out, most_value != 0 ? cut_text(message, most_value) : message);
    out += '}';
  }
  out += "}}";
  (void)record;
}

void others(std::string& out, const Record& record, const EncodeContext& context, std::size_t most_value) {
  static const event::FieldId time = event::intern_field("TimeGenerated");
  const auto fields = record.own_fields();
  out += '{';
  bool first = true;
  const auto member = [&](std::string_view name) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, name);
    out += ':';
  };
  if (record.find(time) == nullptr) {
    member("TimeGenerated");
    append_json_string(out, format_datetime(time_of(record, context)));
  }
  if (record.text(formats::field::host_name).empty()) {
    member("HostName");
    append_json_string(out, host_of(record, context));
  }
  // Each name once, with its last value, where it first stood.
  std::unordered_map<std::string_view, const Value*> last;
  for (const auto& field : fields) last[field.name] = &field.value;
  for (const auto& field : fields) {
    const auto found = last.find(field.name);
    if (found->second == nullptr || (field.name == "HostName" && field.value.as_string().empty())) continue;
    member(field.name);
    append_value(out, *found->second, most_value);
    found->second = nullptr;
  }
  out += '}';
}

class JsonEncoder : public Encoder {
 public:
  explicit JsonEncoder(const EncoderSettings& settings) : settings_(settings) {}
  std::string_view kind() const override { return "json"; }

  Encoded encode(const Record& record, const EncodeContext& context, std::string& out) const override {
    const std::size_t begin = out.size();
    const Priority priority = priority_of(record);
    if (settings_.header == "rfc3164") {
      append_rfc3164_header(out, priority, record, context, settings_.short_host);
    } else if (settings_.header == "rfc5424") {
      append_rfc5424_header(out, priority, record, context, "yagura", "", "");
      out += "- ";
    }
    const std::size_t head = out.size();
    const bool is_windows = WindowsEventView::is_windows(record);
    const auto write = [&](std::size_t most_value) {
      out.resize(head);
      is_windows ? windows(out, record, view_of(record), most_value) : others(out, record, context, most_value);
    };
    write(0);
    bool shortened = false;
    // It has to stay JSON: values are cut, all to the same length, until it fits.
    for (std::size_t value = context.most_bytes / 2; context.most_bytes != 0 && out.size() - begin > context.most_bytes;
         value /= 2) {
      shortened = true;
      if (value < 16) {
        out.resize(head);
        out += R"({"shortened":true})";
        break;
      }
      write(value);
    }
    return {priority.facility, priority.severity, shortened};
  }

 private:
  EncoderSettings settings_;
};

}  // namespace

std::unique_ptr<Encoder> make_json_encoder(const EncoderSettings& settings) {
  return std::make_unique<JsonEncoder>(settings);
}

}  // namespace yagura::forward::encode
