#include "forward/encoder.hpp"

#include <ctime>

#include "base/text.hpp"
#include "formats/fields.hpp"
#include "formats/syslog.hpp"
#include "forward/encode.hpp"
#include "normalise/windows_messages.hpp"

namespace yagura::forward {

using event::Record;
using event::Value;
using formats::WindowsEventView;
using formats::WindowsSystem;

namespace encode {

namespace {

const event::FieldId kComputer = event::intern_field("Computer");

// The zone of this machine at that time, in minutes. The answer holds for a quarter of an hour around it.
std::chrono::minutes local_offset(std::int64_t ticks) {
  thread_local std::int64_t known_quarter = std::numeric_limits<std::int64_t>::min();
  thread_local std::chrono::minutes known{0};
  const std::int64_t seconds = ticks / kTicksPerSecond;
  const std::int64_t quarter = seconds / 900;
  if (quarter == known_quarter) return known;
  const auto when = static_cast<std::time_t>(seconds);
  std::tm local{};
#ifdef _WIN32
  std::tm utc{};
  localtime_s(&local, &when);
  gmtime_s(&utc, &when);
  utc.tm_isdst = local.tm_isdst;
  known = std::chrono::minutes((std::mktime(&local) - std::mktime(&utc)) / 60);
#else
  localtime_r(&when, &local);
  known = std::chrono::minutes(local.tm_gmtoff / 60);
#endif
  known_quarter = quarter;
  return known;
}

// PRINTUSASCII, at most `most` characters; "-" for nothing.
void append_header_word(std::string& out, std::string_view word, std::size_t most) {
  if (word.empty()) {
    out += '-';
    return;
  }
  for (const char c : word.substr(0, most)) out += c > 32 && c < 127 ? c : '?';
}

}  // namespace

std::string_view host_of(const Record& record, const EncodeContext& context) {
  static const std::array<event::FieldId, 3> others{event::intern_field("host"), event::intern_field("hostname"),
                                                    event::intern_field("Hostname")};
  for (const auto id : {kComputer, formats::field::host_name, others[0], others[1], others[2]})
    if (const auto text = trim(record.text(id)); !text.empty() && text != "-") return text;
  return context.host.empty() ? std::string_view("-") : context.host;
}

std::int64_t time_of(const Record& record, const EncodeContext& context) {
  const auto& header = record.header();
  if (header.has_own_time) return header.time.time_since_epoch().count();
  if (header.origin.received_at != ReceiveTime{}) return header.origin.received_at.time_since_epoch().count();
  return context.now.time_since_epoch().count();
}

void append_rfc3164_header(std::string& out, Priority priority, const Record& record, const EncodeContext& context,
                           bool short_host) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::int64_t ticks = time_of(record, context);
  const auto offset = context.utc_offset ? *context.utc_offset : local_offset(ticks);
  ticks += std::chrono::duration_cast<Ticks>(offset).count();
  const auto civil = to_civil(std::clamp(ticks, kMinTicks, kMaxTicks));
  fmt::format_to(std::back_inserter(out), "<{}>{} {:2} {:02}:{:02}:{:02} ", priority.number(), kMonths[civil.month - 1],
                 civil.day, civil.hour, civil.minute, civil.second);
  auto host = host_of(record, context);
  // An address has no domain.
  const bool is_address =
      host.find(':') != std::string_view::npos || host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (short_host && !is_address) host = host.substr(0, host.find('.'));
  append_header_word(out, host, 255);
  out += ' ';
}

void append_rfc5424_header(std::string& out, Priority priority, const Record& record, const EncodeContext& context,
                           std::string_view app, std::string_view process, std::string_view message_id) {
  std::string time = format_datetime(time_of(record, context));
  if (time.size() > 26) time.erase(26, 1);  // TIME-SECFRAC has six digits at most
  fmt::format_to(std::back_inserter(out), "<{}>1 {} ", priority.number(), time);
  append_header_word(out, host_of(record, context), 255);
  out += ' ';
  append_header_word(out, app, 48);
  out += ' ';
  append_header_word(out, process, 128);
  out += ' ';
  append_header_word(out, message_id, 32);
  out += ' ';
}

LevelRow level_row(std::int64_t windows_level) {
  switch (windows_level) {
    case 1: return {2, 10};
    case 2: return {3, 8};
    case 3: return {4, 5};
    case 4: return {6, 2};
    default: return {7, 0};  // 0 undefined, 5 verbose, and what providers define for themselves
  }
}

std::uint8_t cef_severity(std::uint8_t syslog_severity) {
  static constexpr std::array<std::uint8_t, 8> kCef{10, 10, 10, 8, 5, 3, 2, 0};
  return kCef[syslog_severity & 7];
}

const WindowsEventView& view_of(const Record& record) {
  thread_local WindowsEventView view;
  view.look(record);
  return view;
}

WindowsNames windows_names(const Record& record, const WindowsEventView& view) {
  WindowsNames names;
  const auto provider = view.text(WindowsSystem::provider_name);
  const auto task = view.number(WindowsSystem::task, 0);
  names.task_category = view.rendered_task();
  if (names.task_category.empty()) names.task_category = normalise::windows_task_name(provider, task);
  names.task_name = !names.task_category.empty() ? names.task_category : task == 0 ? "None" : fmt::format("({})", task);
  names.opcode_name = view.rendered_opcode();
  if (names.opcode_name.empty() && view.system(WindowsSystem::opcode) != nullptr)
    names.opcode_name = normalise::windows_opcode_name(view.number(WindowsSystem::opcode, 0));
  if (const Value* keywords = view.system(WindowsSystem::keywords))
    if (const auto bits = normalise::windows_keywords(*keywords)) {
      names.keywords = fmt::format("{:#x}", *bits);
      names.keyword_names = normalise::windows_keyword_names(*bits);
    }
  names.description = view.rendered_message();
  if (names.description.empty())
    names.description = normalise::windows_event_message(provider, view.number(WindowsSystem::event_id, 0), record);
  return names;
}

std::string_view cut_text(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

void append_one_line(std::string& out, std::string_view text) {
  bool blank = false;
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0') {
      if (!blank) out += ' ';
      blank = true;
    } else {
      out += c;
      blank = false;
    }
  }
}

std::string key_of(std::string_view name) {
  std::string key;
  for (const char c : name)
    if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '.' || c == '-') key += c;
  return key;
}

}  // namespace encode

namespace {

// Words for how bad it is, of JSON and key-value logs.
std::optional<std::uint8_t> severity_word(std::string_view word) {
  if (const auto known = formats::severity_number(to_lower_ascii(word))) return static_cast<std::uint8_t>(*known);
  static constexpr std::array<std::pair<std::string_view, std::uint8_t>, 10> kWords{{{"critical", 2},
                                                                                     {"fatal", 2},
                                                                                     {"high", 3},
                                                                                     {"medium", 4},
                                                                                     {"moderate", 4},
                                                                                     {"low", 5},
                                                                                     {"information", 6},
                                                                                     {"informational", 6},
                                                                                     {"verbose", 7},
                                                                                     {"trace", 7}}};
  for (const auto& [known, number] : kWords)
    if (equal_ignoring_ascii_case(known, word)) return number;
  return std::nullopt;
}

// CEF: 0 to 3 low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high; also as words.
std::uint8_t syslog_of_cef(std::string_view severity) {
  if (const auto number = parse_int64(trim(severity)))
    return *number >= 9 ? 2 : *number >= 7 ? 3 : *number >= 4 ? 4 : *number >= 1 ? 6 : 7;
  if (equal_ignoring_ascii_case(severity, "very-high")) return 2;
  return severity_word(trim(severity)).value_or(6);
}

}  // namespace

Priority priority_of(const Record& record) {
  // Per message type: docs/formats/forwarding.md has this table.
  if (WindowsEventView::is_windows(record)) {
    std::int64_t level = 0;
    if (const Value* value = record.find(formats::field_of(WindowsSystem::level)))
      level =
          value->kind() == Value::Kind::int64 ? value->as_int64() : parse_int64(trim(value->as_string())).value_or(0);
    return {10, encode::level_row(level).syslog};
  }
  const auto facility = formats::facility_number(record.text(formats::field::facility));
  const auto severity = formats::severity_number(record.text(formats::field::severity));
  if (facility && severity) return {static_cast<std::uint8_t>(*facility), static_cast<std::uint8_t>(*severity)};
  const std::string_view format = record.header().format;
  if (format == "auditd") return {13, 6};  // RFC 5424's "log audit"
  if (format == "cef" || format == "leef") {
    static const event::FieldId sev = event::intern_field("sev");
    const auto text = format == "cef" ? record.text(formats::field::log_severity) : record.text(sev);
    return {16, syslog_of_cef(text)};
  }
  static const std::array<event::FieldId, 5> words{event::intern_field("level"), event::intern_field("severity"),
                                                   event::intern_field("log.level"), event::intern_field("Level"),
                                                   event::intern_field("severity_text")};
  for (const auto id : words)
    if (const auto known = severity_word(record.text(id))) return {16, *known};
  if (format == "text" || format == "rfc3164" || format == "rfc5424")
    return {static_cast<std::uint8_t>(facility.value_or(1)), static_cast<std::uint8_t>(severity.value_or(5))};
  return {16, 6};
}

std::span<const std::string_view> encoder_kinds() {
  static constexpr std::array<std::string_view, 6> kKinds{"cef-azure-local", "cef-restorable", "cef",
                                                          "rfc5424",         "json",           "leef"};
  return kKinds;
}

Result<std::unique_ptr<Encoder>> make_encoder(const EncoderSettings& settings) {
  static constexpr std::array<std::string_view, 4> kHeaders{"", "rfc3164", "rfc5424", "none"};
  if (std::ranges::find(kHeaders, settings.header) == kHeaders.end())
    return fail(ErrorKind::invalid_input, "unknown header '{}': it is rfc3164, rfc5424 or none{}", settings.header,
                did_you_mean(settings.header, kHeaders));
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"vendor", settings.vendor},
                                    {"product", settings.product},
                                    {"version", settings.version}})
    if (value.size() > 128 || value.find_first_of("\r\n") != std::string_view::npos)
      return fail(ErrorKind::invalid_input, "{} has to be one line of at most 128 bytes", name);
  if (settings.kind == "cef-azure-local" || settings.kind == "cef-restorable" || settings.kind == "cef")
    return encode::make_cef_encoder(settings);
  if (settings.kind == "rfc5424") return encode::make_rfc5424_encoder(settings);
  if (settings.kind == "json") return encode::make_json_encoder(settings);
  if (settings.kind == "leef") return encode::make_leef_encoder(settings);
  return fail(ErrorKind::invalid_input,
              "unknown encoding '{}': it is one of cef-azure-local, cef-restorable, cef, rfc5424, json, leef{}",
              settings.kind, did_you_mean(settings.kind, encoder_kinds()));
}

}  // namespace yagura::forward
