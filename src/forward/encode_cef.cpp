// CEF: Azure Local's for Windows events (the 23 Mas extensions), ArcSight's dictionary for everything else.
#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "formats/cef.hpp"
#include "formats/fields.hpp"
#include "formats/windows_cef.hpp"
#include "forward/encode.hpp"

namespace yagura::forward::encode {

using event::Record;
using event::Value;
using formats::WindowsEventView;
using formats::WindowsSystem;

namespace {

// Writes "key=value" pairs and remembers where each is, so that a message that is too long can be shortened.
class Extension {
 public:
  explicit Extension(std::string& out) : out_(out) { ranges_.clear(); }

  // Values that nobody has are written as nothing when `always`.
  void add(std::string_view key, std::string_view value, bool is_description = false) {
    const std::size_t begin = out_.size();
    formats::append_cef_extension(out_, key, value);
    if (ranges_.empty()) out_.erase(begin, 1);  // no blank before the first
    ranges_.push_back({begin, out_.size(), is_description});
  }
  void add(std::string_view key, const Value* value) {
    if (value == nullptr) return add(key, std::string_view());
    if (value->is_string()) return add(key, value->as_string());
    scratch_.clear();
    event::append_text(scratch_, *value);
    add(key, scratch_);
  }
  void add_if(std::string_view key, std::string_view value) {
    if (!value.empty() && value != "-") add(key, value);
  }
  void add_if(std::string_view key, const Value* value) {
    if (value != nullptr && !value->is_null() && !(value->is_string() && value->as_string().empty())) add(key, value);
  }

  // Keeps the message, which begins at `begin`, within `most` bytes: first without descriptions, then by the ends of
  // the longest values. True when something had to go.
  bool shorten(std::size_t begin, std::size_t most) {
    if (most == 0 || out_.size() - begin <= most || ranges_.empty()) return false;
    const std::size_t head = ranges_.front().begin;
    std::vector<std::string> pairs;
    std::size_t size = head - begin;
    for (const auto& range : ranges_) {
      pairs.push_back(out_.substr(range.begin, range.end - range.begin));
      size += pairs.back().size();
    }
    for (std::size_t i = 0; i < pairs.size() && size > most; ++i)
      if (ranges_[i].is_description) {
        const std::size_t keep = std::min(pairs[i].find('=') + 1, pairs[i].size());
        size -= pairs[i].size() - keep;
        pairs[i].resize(keep);
      }
    while (size > most) {
      const auto longest = std::ranges::max_element(pairs, {}, &std::string::size);
      if (longest->size() < 64) break;
      const std::size_t excess = size - most + 3;
      auto cut = cut_text(*longest, longest->size() > excess + 48 ? longest->size() - excess : longest->size() / 2);
      // Not between a backslash and what it escapes.
      std::size_t slashes = 0;
      while (slashes < cut.size() && cut[cut.size() - 1 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 1) cut.remove_suffix(1);
      const std::size_t before = longest->size();
      *longest = std::string(cut) + "...";
      size -= before - longest->size();
    }
    out_.resize(head);
    for (const auto& pair : pairs) out_ += pair;
    if (out_.size() - begin > most) out_.resize(begin + cut_text(std::string_view(out_).substr(begin), most).size());
    return true;
  }

 private:
  struct Range {
    std::size_t begin, end;
    bool is_description;
  };
  std::string& out_;
  std::string scratch_;
  inline static thread_local std::vector<Range> ranges_;
};

std::string text_of(const Value* value) {
  std::string out;
  if (value != nullptr) event::append_text(out, *value);
  return out;
}

// "AEA1B4FA-97D1-45F2-A64C-4D69FFFD92C9": upper case, no braces.
std::string guid_text(const Value* value) {
  std::string text = text_of(value);
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

std::string joined_data(const WindowsEventView& view) {
  std::string out;
  bool first = true;
  for (const auto& data : view.data()) {
    if (!std::exchange(first, false)) out += formats::kMasSeparator;
    event::append_text(out, data.value);
  }
  return out;
}

// Names, types and sizes of joined_data(): formats/windows_cef.cpp reads them.
std::string data_description(const WindowsEventView& view) {
  std::string out, text;
  if (view.body() == WindowsEventView::Body::user_data) out = "+" + percent_encode(view.user_element());
  for (const auto& data : view.data()) {
    if (!out.empty()) out += ',';
    out += percent_encode(data.name);
    switch (data.value.kind()) {
      case Value::Kind::int64: out += '#'; break;
      case Value::Kind::boolean: out += '?'; break;
      case Value::Kind::real: out += '~'; break;
      default: out += '*'; break;
    }
    text.clear();
    event::append_text(text, data.value);
    out += std::to_string(text.size());
  }
  return out;
}

constexpr std::string_view kAzureProduct = "Microsoft Azure Stack HCI";

class CefEncoder : public Encoder {
 public:
  explicit CefEncoder(const EncoderSettings& settings) : settings_(settings), azure_(settings.kind != "cef") {
    settings_.restorable |= settings.kind == "cef-restorable";
  }

  std::string_view kind() const override { return settings_.kind; }

  Encoded encode(const Record& record, const EncodeContext& context, std::string& out) const override {
    const std::size_t begin = out.size();
    const Priority priority = priority_of(record);
    if (settings_.header == "rfc5424") {
      append_rfc5424_header(out, priority, record, context, "CEF", "", "");
      out += "- ";
    } else if (settings_.header != "none") {
      append_rfc3164_header(out, priority, record, context, settings_.short_host);
    }
    if (!WindowsEventView::is_windows(record) && record.header().format == "cef" &&
        record.find(formats::field::device_event_class_id) != nullptr) {
      // It is CEF already: its own header and extension.
      append_one_line(out, formats::encode_cef(record));
      const bool shortened = context.most_bytes != 0 && out.size() - begin > context.most_bytes;
      if (shortened) out.resize(begin + cut_text(std::string_view(out).substr(begin), context.most_bytes).size());
      return {priority.facility, priority.severity, shortened};
    }
    Extension extension(out);
    if (WindowsEventView::is_windows(record)) {
      const auto& view = view_of(record);
      const auto names = windows_names(record, view);
      header(out, azure_ ? kAzureProduct : "Microsoft Windows", "Microsoft", "1.0",
             text_of(view.system(WindowsSystem::provider_name)) + ":" + text_of(view.system(WindowsSystem::event_id)),
             names.task_name, level_row(view.number(WindowsSystem::level, 0)).cef);
      azure_ ? mas(record, view, names, context, extension) : windows(record, view, names, context, extension);
    } else {
      others(out, record, priority, context, extension);
    }
    for (std::size_t i = begin; (i = out.find('\0', i)) != std::string::npos;) out[i] = ' ';  // ends texts elsewhere
    return {priority.facility, priority.severity, extension.shorten(begin, context.most_bytes)};
  }

 private:
  void header(std::string& out, std::string_view product, std::string_view vendor, std::string_view version,
              std::string_view signature, std::string_view name, unsigned severity) const {
    const auto part = [&](std::string_view own, std::string_view fallback) {
      out += '|';
      formats::append_cef_header_value(out, own.empty() ? fallback : own);
    };
    out += azure_ ? "CEF: 0.0" : "CEF:0";
    part(settings_.vendor, vendor);
    part(settings_.product, product);
    part(settings_.version, version);
    part(signature, "-");
    part(name, signature);
    out += '|';
    out += std::to_string(severity);
    out += '|';
  }

  // All 23, in the reference's order, empty ones too.
  void mas(const Record& record, const WindowsEventView& view, const WindowsNames& names, const EncodeContext& context,
           Extension& out) const {
    const auto add = [&](std::string_view key, WindowsSystem which) { out.add(key, view.system(which)); };
    const auto guid = [&](std::string_view key, WindowsSystem which) { out.add(key, guid_text(view.system(which))); };
    const bool is_user_data = view.body() == WindowsEventView::Body::user_data;
    const std::string data = joined_data(view);
    add("MasChannel", WindowsSystem::channel);
    add("MasComputer", WindowsSystem::computer);
    guid("MasCorrelationActivityID", WindowsSystem::correlation_activity_id);
    guid("MasCorrelationRelatedActivityID", WindowsSystem::correlation_related_activity_id);
    out.add("MasEventData", is_user_data ? std::string_view() : data);
    out.add("MasEventDescription", names.description, true);
    add("MasEventID", WindowsSystem::event_id);
    add("MasEventRecordID", WindowsSystem::event_record_id);
    add("MasExecutionProcessID", WindowsSystem::execution_process_id);
    add("MasExecutionThreadID", WindowsSystem::execution_thread_id);
    out.add("MasKeywords", names.keywords);
    out.add("MasKeywordName", names.keyword_names);
    add("MasLevel", WindowsSystem::level);
    add("MasOpcode", WindowsSystem::opcode);
    out.add("MasOpcodeName", names.opcode_name);
    add("MasProviderEventSourceName", WindowsSystem::provider_event_source_name);
    guid("MasProviderGuid", WindowsSystem::provider_guid);
    add("MasProviderName", WindowsSystem::provider_name);
    add("MasSecurityUserId", WindowsSystem::security_user_id);
    add("MasTask", WindowsSystem::task);
    out.add("MasTaskCategory", names.task_category);
    out.add("MasUserData", is_user_data ? std::string_view(data) : std::string_view());
    add("MasVersion", WindowsSystem::version);
    if (!settings_.restorable) return;
    if (const auto text = view.text(WindowsSystem::system_time); !text.empty())
      out.add("YaguraTime", text);
    else
      out.add("YaguraTime", format_datetime(time_of(record, context)));
    out.add("YaguraData", data_description(view));
  }

  // ArcSight's dictionary where it has a key; the data under their own names.
  static void windows(const Record& record, const WindowsEventView& view, const WindowsNames& names,
                      const EncodeContext& context, Extension& out) {
    out.add("rt", std::to_string(time_of(record, context) / 10'000));
    out.add_if("dvchost", view.system(WindowsSystem::computer));
    out.add_if("cat", view.system(WindowsSystem::channel));
    out.add_if("externalId", view.system(WindowsSystem::event_record_id));
    out.add_if("dvcpid", view.system(WindowsSystem::execution_process_id));
    out.add_if("windowsLevel", view.system(WindowsSystem::level));
    out.add_if("windowsKeywords", names.keywords);
    if (!names.description.empty()) out.add("msg", names.description, true);
    std::size_t unnamed = 0;
    for (const auto& data : view.data()) {
      std::string key = key_of(data.name);
      if (key.empty()) key = "Data" + std::to_string(++unnamed);
      out.add(key, &data.value);
    }
  }

  void others(std::string& out, const Record& record, Priority priority, const EncodeContext& context,
              Extension& extension) const {
    namespace field = formats::field;
    static const std::array<event::FieldId, 3> types{event::intern_field("type"), event::intern_field("event.action"),
                                                     event::intern_field("eventName")};
    const auto app = record.text(field::app_name), id = record.text(field::msg_id);
    std::string signature;
    for (const auto one : types)
      if (signature.empty() && record.header().format != "rfc3164" && record.header().format != "rfc5424")
        signature = record.text(one);
    if (signature.empty())
      signature = id.empty() || id == "-" ? std::string(app) : std::string(app) + ":" + std::string(id);
    if (signature.empty()) signature = record.header().format;
    const auto vendor = record.text(field::device_vendor), product = record.text(field::device_product);
    const auto& source = record.header().log_source;
    // Azure Local's preset names one product, whatever the message.
    header(out,
           azure_                    ? kAzureProduct
           : !product.empty()        ? product
           : !source.product.empty() ? source.product
                                     : "Yagura",
           azure_            ? "Microsoft"
           : !vendor.empty() ? vendor
                             : "Yagura",
           azure_ ? "1.0" : kVersion, signature, app.empty() ? std::string_view(signature) : app,
           cef_severity(priority.severity));
    extension.add("rt", std::to_string(time_of(record, context) / 10'000));
    extension.add("dvchost", host_of(record, context));
    extension.add_if("deviceFacility", record.text(field::facility));
    extension.add_if("deviceProcessName", app);
    extension.add_if("dvcpid", record.text(field::proc_id));
    extension.add_if("msg", record.text(field::message));
    static const std::array<event::FieldId, 10> done{
        field::facility, field::severity, field::version, field::host_name,     field::app_name,
        field::proc_id,  field::msg_id,   field::message, field::device_vendor, field::device_product};
    for (const auto& one : record.own_fields()) {
      if (one.id.is_listed() && std::ranges::find(done, one.id) != done.end()) continue;
      if (const std::string key = key_of(one.name); !key.empty()) extension.add_if(key, &one.value);
    }
  }

  EncoderSettings settings_;
  bool azure_;
};

}  // namespace

std::unique_ptr<Encoder> make_cef_encoder(const EncoderSettings& settings) {
  return std::make_unique<CefEncoder>(settings);
}

}  // namespace yagura::forward::encode
