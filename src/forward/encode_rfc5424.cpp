// RFC 5424: what a record holds as structured data, its text as MSG.
#include "base/text.hpp"
#include "formats/fields.hpp"
#include "formats/syslog.hpp"
#include "forward/encode.hpp"

namespace yagura::forward::encode {

using event::Record;
using event::Value;
using formats::WindowsEventView;
using formats::WindowsSystem;

namespace {

// 32473 is the enterprise number that RFC 5612 keeps for documents and everybody without one.
constexpr std::string_view kSystemId = "windows@32473", kDataId = "data@32473", kFieldsId = "fields@32473";
constexpr std::size_t kMostParameters = 1'024;

class StructuredData {
 public:
  explicit StructuredData(std::string& out) : out_(out) {}
  void begin(std::string_view id) {
    out_ += '[';
    out_ += id;
    any_ = true;
  }
  void end() { out_ += ']'; }
  void parameter(std::string_view name, std::string_view value) {
    if (name.empty() || ++count_ > kMostParameters) return;
    out_ += ' ';
    // PARAM-NAME: 1 to 32 of PRINTUSASCII but '=', SP, ']' and '"'.
    for (const char c : name.substr(0, 32)) out_ += c > 32 && c < 127 && c != '=' && c != ']' && c != '"' ? c : '_';
    out_ += "=\"";
    for (const char c : value) {
      if (c == '"' || c == '\\' || c == ']') out_ += '\\';  // section 6.3.3
      out_ += c == '\n' || c == '\r' || c == '\0' ? ' ' : c;
    }
    out_ += '"';
  }
  void parameter(std::string_view name, const Value& value) {
    scratch_.clear();
    event::append_text(scratch_, value);
    parameter(name, scratch_);
  }
  bool any() const { return any_; }

 private:
  std::string& out_;
  std::string scratch_;
  std::size_t count_ = 0;
  bool any_ = false;
};

class Rfc5424Encoder : public Encoder {
 public:
  std::string_view kind() const override { return "rfc5424"; }

  Encoded encode(const Record& record, const EncodeContext& context, std::string& out) const override {
    namespace field = formats::field;
    const std::size_t begin = out.size();
    const Priority priority = priority_of(record);
    std::string message;
    std::size_t data_begin = 0;
    if (WindowsEventView::is_windows(record)) {
      const auto& view = view_of(record);
      const auto names = windows_names(record, view);
      append_rfc5424_header(out, priority, record, context, view.text(WindowsSystem::provider_name),
                            text_of(view, WindowsSystem::execution_process_id), text_of(view, WindowsSystem::event_id));
      data_begin = out.size();
      StructuredData data(out);
      data.begin(kSystemId);
      for (std::size_t i = 0; i < formats::kWindowsSystemCount; ++i)
        if (const Value* value = view.system(static_cast<WindowsSystem>(i)))
          data.parameter(event::name_of(formats::field_of(static_cast<WindowsSystem>(i))), *value);
      if (!names.task_category.empty()) data.parameter("TaskName", names.task_category);
      if (!names.keyword_names.empty()) data.parameter("KeywordNames", names.keyword_names);
      if (view.body() == WindowsEventView::Body::user_data) data.parameter("UserData", view.user_element());
      data.end();
      if (!view.data().empty()) {
        data.begin(kDataId);
        for (const auto& one : view.data()) data.parameter(one.name.empty() ? "Data" : one.name, one.value);
        data.end();
      }
      message = names.description;
    } else {
      append_rfc5424_header(out, priority, record, context, record.text(field::app_name), record.text(field::proc_id),
                            record.text(field::msg_id));
      data_begin = out.size();
      others(record, out);
      message = record.text(field::message);
    }
    std::string line;
    append_one_line(line, message);
    return finish(out, begin, data_begin, line, priority, context.most_bytes);
  }

 private:
  static std::string text_of(const WindowsEventView& view, WindowsSystem which) {
    std::string out;
    if (const Value* value = view.system(which)) event::append_text(out, *value);
    return out;
  }

  // What a syslog message had as structured data, and every other field.
  static void others(const Record& record, std::string& out) {
    namespace field = formats::field;
    static const std::array<event::FieldId, 9> done{field::facility,  field::severity, field::version,
                                                    field::host_name, field::app_name, field::proc_id,
                                                    field::msg_id,    field::message,  field::structured_data};
    StructuredData data(out);
    if (const Value* own = record.find(field::structured_data); own != nullptr) {
      for (const auto& element : own->as_object()) {
        if (element.name.empty()) continue;
        std::string id;
        for (const char c : element.name.substr(0, 32))
          id += c > 32 && c < 127 && c != '=' && c != ']' && c != '"' ? c : '_';
        data.begin(id);
        for (const auto& parameter : element.value.as_object()) data.parameter(parameter.name, parameter.value);
        data.end();
      }
    }
    bool open = false;
    for (const auto& one : record.own_fields()) {
      if (one.id.is_listed() && std::ranges::find(done, one.id) != done.end()) continue;
      if (one.value.is_null() || (one.value.kind() == Value::Kind::object && one.name.starts_with("StructuredData")))
        continue;
      if (!std::exchange(open, true)) data.begin(kFieldsId);
      data.parameter(one.name, one.value);
    }
    if (open) data.end();
    if (!data.any()) out += '-';
  }

  // The text is cut first; when header and data alone are too long, the data go.
  static Encoded finish(std::string& out, std::size_t begin, std::size_t data_begin, std::string_view text,
                        Priority priority, std::size_t most) {
    bool shortened = false;
    if (most != 0 && out.size() - begin > most) {
      out.resize(data_begin);
      out += '-';
      shortened = true;
    }
    if (most != 0 && !text.empty()) {
      const std::size_t room = most > out.size() - begin + 1 ? most - (out.size() - begin + 1) : 0;
      if (text.size() > room) {
        text = cut_text(text, room);
        shortened = true;
      }
    }
    if (!text.empty()) {
      out += ' ';
      out += text;
    }
    return {priority.facility, priority.severity, shortened};
  }
};

}  // namespace

std::unique_ptr<Encoder> make_rfc5424_encoder(const EncoderSettings&) { return std::make_unique<Rfc5424Encoder>(); }

}  // namespace yagura::forward::encode
