// LEEF 2.0: LEEF:2.0|vendor|product|version|event id|delimiter|key=value<delimiter>key=value. IBM's format has no
// escapes, so the delimiter is one that no value holds, and line breaks become blanks.
#include "base/text.hpp"
#include "base/version.hpp"
#include "formats/fields.hpp"
#include "forward/encode.hpp"

namespace yagura::forward::encode {

using event::Record;
using event::Value;
using formats::WindowsEventView;
using formats::WindowsSystem;

namespace {

struct Delimiter {
  std::string_view spelling;
  char character;
};
// In the order of preference; IBM's own is '^'.
constexpr std::array<Delimiter, 5> kDelimiters{{{"^", '^'}, {"~", '~'}, {"`", '`'}, {"x1F", '\x1F'}, {"x1E", '\x1E'}}};

// 1 (lowest) to 10.
int leef_severity(std::uint8_t cef) { return std::max<int>(1, cef); }

class LeefEncoder : public Encoder {
 public:
  explicit LeefEncoder(const EncoderSettings& settings) : settings_(settings) {}
  std::string_view kind() const override { return "leef"; }

  Encoded encode(const Record& record, const EncodeContext& context, std::string& out) const override {
    namespace field = formats::field;
    const std::size_t begin = out.size();
    const Priority priority = priority_of(record);
    if (settings_.header == "rfc5424") {
      append_rfc5424_header(out, priority, record, context, "LEEF", "", "");
      out += "- ";
    } else if (settings_.header != "none") {
      append_rfc3164_header(out, priority, record, context, settings_.short_host);
    }
    std::vector<std::pair<std::string, std::string>> pairs;
    const auto add = [&](std::string key, std::string_view value) {
      if (value.empty() || key.empty()) return;
      std::string clean;
      append_one_line(clean, value);
      pairs.emplace_back(std::move(key), std::move(clean));
    };
    const auto add_value = [&](std::string key, const Value* value) {
      if (value == nullptr) return;
      std::string text;
      event::append_text(text, *value);
      add(std::move(key), text);
    };
    std::string vendor = settings_.vendor, product = settings_.product, version = settings_.version, id;
    int severity;
    std::size_t description = static_cast<std::size_t>(-1);
    add("devTime", std::to_string(time_of(record, context) / 10'000));  // milliseconds since 1970 need no devTimeFormat
    if (WindowsEventView::is_windows(record)) {
      const auto& view = view_of(record);
      const auto names = windows_names(record, view);
      if (vendor.empty()) vendor = "Microsoft";
      if (product.empty()) product = "Windows";
      if (version.empty()) version = "1.0";
      id = std::string(view.text(WindowsSystem::provider_name)) + ":" +
           std::to_string(view.number(WindowsSystem::event_id, 0));
      severity = leef_severity(level_row(view.number(WindowsSystem::level, 0)).cef);
      add_value("cat", view.system(WindowsSystem::channel));
      add("sev", std::to_string(severity));
      add_value("identHostName", view.system(WindowsSystem::computer));
      add_value("EventRecordID", view.system(WindowsSystem::event_record_id));
      add("TaskName", names.task_category);
      add("Keywords", names.keywords);
      // IBM's names for what it correlates by.
      static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kIbm{{{"IpAddress", "src"},
                                                                                          {"SourceIp", "src"},
                                                                                          {"DestinationIp", "dst"},
                                                                                          {"IpPort", "srcPort"},
                                                                                          {"SourcePort", "srcPort"}}};
      std::string_view user;
      std::size_t unnamed = 0;
      for (const auto& data : view.data()) {
        std::string key = key_of(data.name);
        if (key.empty()) key = "Data" + std::to_string(++unnamed);
        for (const auto& [from, to] : kIbm)
          if (data.name == from && data.value.as_string() != "-") add_value(std::string(to), &data.value);
        if (data.name == "TargetUserName" || (user.empty() && (data.name == "SubjectUserName" || data.name == "User")))
          user = data.value.as_string();
        add_value(std::move(key), &data.value);
      }
      if (user != "-") add("usrName", user);
      description = pairs.size();
      add("msg", names.description);
    } else {
      if (vendor.empty()) vendor = record.text(field::device_vendor);
      if (product.empty()) product = record.text(field::device_product);
      if (version.empty()) version = record.text(field::device_version);
      const auto& source = record.header().log_source;
      if (vendor.empty()) vendor = "Yagura";
      if (product.empty()) product = source.product.empty() ? "Yagura" : source.product;
      if (version.empty()) version = kVersion;
      id = record.text(field::device_event_class_id);
      if (id.empty()) id = record.text(field::msg_id) == "-" ? std::string_view() : record.text(field::msg_id);
      if (id.empty()) id = record.text(field::app_name);
      if (id.empty()) id = record.header().format;
      severity = leef_severity(cef_severity(priority.severity));
      add("sev", std::to_string(severity));
      add("identHostName", host_of(record, context));
      static const std::array<event::FieldId, 8> done{
          field::device_vendor, field::device_product, field::device_version, field::device_event_class_id,
          field::host_name,     field::message,        field::leef_version,   field::cef_version};
      for (const auto& one : record.own_fields())
        if (!one.id.is_listed() || std::ranges::find(done, one.id) == done.end())
          if (std::string key = key_of(one.name); key != "sev") add_value(std::move(key), &one.value);
      description = pairs.size();
      add("msg", record.text(field::message));
    }

    std::string header = "LEEF:2.0";
    for (const std::string_view part :
         {std::string_view(vendor), std::string_view(product), std::string_view(version), std::string_view(id)}) {
      header += '|';
      for (const char c : part) header += c == '|' || c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    }
    const Delimiter* delimiter = nullptr;
    for (const auto& one : kDelimiters) {
      const bool held = std::ranges::any_of(
          pairs, [&](const auto& pair) { return pair.second.find(one.character) != std::string::npos; });
      if (held) continue;
      delimiter = &one;
      break;
    }
    if (delimiter == nullptr) {  // a value holds all of them
      delimiter = &kDelimiters.back();
      for (auto& pair : pairs) std::ranges::replace(pair.second, delimiter->character, ' ');
    }
    bool shortened = false;
    const auto size = [&] {
      std::size_t sum = out.size() - begin + header.size() + delimiter->spelling.size() + 2;
      for (const auto& [key, value] : pairs) sum += key.size() + value.size() + 2;
      return sum;
    };
    if (context.most_bytes != 0) {
      if (size() > context.most_bytes && description < pairs.size()) {
        pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(description));
        shortened = true;
      }
      for (std::size_t now = size(); now > context.most_bytes; now = size()) {
        const auto longest = std::ranges::max_element(pairs, {}, [](const auto& pair) { return pair.second.size(); });
        if (longest == pairs.end() || longest->second.size() < 32) break;
        const std::size_t excess = now - context.most_bytes + 3;
        auto& value = longest->second;
        value =
            std::string(cut_text(value, value.size() > excess + 16 ? value.size() - excess : value.size() / 2)) + "...";
        shortened = true;
      }
    }
    out += header;
    out += '|';
    out += delimiter->spelling;
    out += '|';
    bool first = true;
    for (const auto& [key, value] : pairs) {
      if (!std::exchange(first, false)) out += delimiter->character;
      out += key;
      out += '=';
      out += value;
    }
    if (context.most_bytes != 0 && out.size() - begin > context.most_bytes) {
      out.resize(begin + cut_text(std::string_view(out).substr(begin), context.most_bytes).size());
      shortened = true;
    }
    return {priority.facility, priority.severity, shortened};
  }

 private:
  EncoderSettings settings_;
};

}  // namespace

std::unique_ptr<Encoder> make_leef_encoder(const EncoderSettings& settings) {
  return std::make_unique<LeefEncoder>(settings);
}

}  // namespace yagura::forward::encode
