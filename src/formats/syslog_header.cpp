// The grammar of syslog headers; what becomes of them is syslog.cpp.
#include "base/text_cursor.hpp"
#include "base/timestamp.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxHost = 255;
constexpr std::size_t kMaxTag = 128;  // RFC 3164 says 32; nobody listens

constexpr bool is_host_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%' ||
         c == '/' || static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_tag_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_' || c == '/' || c == '@' ||
         c == '#' || c == '+' || c == '$' || c == '~' || c == '\\' || c == '(' || c == ')' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_hex(char c) { return is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f'); }

// At least two colons and nothing but hex digits, dots and a zone: "2001:db8::5", "fe80::1%eth0".
bool looks_like_ipv6(std::string_view text) {
  if (const auto zone = text.find('%'); zone != std::string_view::npos) text = text.substr(0, zone);
  std::size_t colons = 0;
  for (const char c : text) {
    if (c == ':')
      ++colons;
    else if (!is_hex(c) && c != '.')
      return false;
  }
  return colons >= 2;
}

// The formats that announce themselves, so no host or tag is to be looked for before them.
bool starts_payload(std::string_view text) {
  return text.starts_with("CEF:") || text.starts_with("LEEF:") || text.starts_with("{") || text.starts_with("type=") ||
         text.starts_with("<?xml") || text.starts_with("<Event");
}

struct Parser {
  std::string_view line;
  TimeContext time_context;
  TextCursor cursor;
  SyslogHeader out;

  void malformed(std::string_view why) {
    if (!out.malformed.empty()) return;
    out.malformed = why;
    out.malformed_at = cursor.position();
  }

  // "<34>": RFC 5424 section 6.2.1. False when there is a '<' that is no PRI.
  bool read_priority() {
    if (cursor.peek() != '<') return true;
    TextCursor probe = cursor;
    probe.skip();
    const auto number = probe.number(3);
    if (!number || *number > 191 || probe.peek() != '>') return false;
    probe.skip();
    out.priority = static_cast<int>(*number);
    cursor = probe;
    return true;
  }

  // One RFC 5424 header field, "-" for none; false when the line ends before it.
  bool read_word(std::string_view& word) {
    word = cursor.until(' ');
    if (word.empty()) return false;
    if (word == "-") word = {};
    return true;
  }

  // RFC 5424 section 6.3. False leaves the cursor where it was: then the text belongs to the message.
  bool read_structured_data() {
    if (cursor.peek() == '-' && (cursor.peek(1) == ' ' || cursor.position() + 1 == line.size())) {
      cursor.skip();
      return true;
    }
    const std::size_t begin = cursor.position();
    std::size_t at = begin;
    while (at < line.size() && line[at] == '[') {
      if (at + 1 >= line.size() || line[at + 1] == ' ' || line[at + 1] == ']' || line[at + 1] == '"')
        return at != begin && finish_data(begin, at);
      bool quoted = false;
      std::size_t end = at + 1;
      for (; end < line.size(); ++end) {
        if (quoted && line[end] == '\\')
          ++end;  // an escape: the next character stands for itself
        else if (line[end] == '"')
          quoted = !quoted;
        else if (line[end] == ']' && !quoted)
          break;
      }
      if (end >= line.size()) return at != begin && finish_data(begin, at);
      at = end + 1;
    }
    return finish_data(begin, at);
  }
  bool finish_data(std::size_t begin, std::size_t end) {
    if (end == begin) return false;
    out.structured_data = line.substr(begin, end - begin);
    cursor.move_to(end);
    return true;
  }

  void read_rest_as_message() {
    cursor.skip_if(' ');
    out.message = cursor.rest();
    if (out.message.starts_with(kByteOrderMark)) out.message.remove_prefix(kByteOrderMark.size());
  }

  // "1 2003-10-11T22:14:15.003Z host app procid msgid [sd] message". False when it is not RFC 5424 at all.
  bool read_rfc5424() {
    TextCursor probe = cursor;
    const auto version = probe.number(3);
    if (!version || !probe.skip_if(' ')) return false;
    const bool nil_time = probe.peek() == '-' && (probe.peek(1) == ' ' || probe.at_end());
    std::optional<ParsedTime> time;
    if (!nil_time) {
      if (!is_ascii_digit(probe.peek())) return false;
      const std::string_view word = TextCursor(probe).until(' ');
      if (word.find('T') == std::string_view::npos && word.find('t') == std::string_view::npos)
        return read_meraki(probe, word);
      time = parse_timestamp(word, time_context);
      if (time && time->size != word.size()) time.reset();
      if (!time) {
        if (word.size() < 11 || word.find('-') == std::string_view::npos) return false;
        cursor = probe;
        malformed("TIMESTAMP is not one of RFC 5424 section 6.2.3");
      }
      probe.skip(word.size());
    } else {
      probe.skip();
    }
    if (*version != 1) {
      if (out.malformed.empty()) malformed("VERSION is not 1");
    }
    out.version = static_cast<int>(*version);
    if (time) out.time = time->time;
    cursor = probe;
    if (!cursor.skip_if(' ') || !read_word(out.host)) {
      malformed("HOSTNAME is missing");
      read_rest_as_message();
      return true;
    }
    // Some senders write RFC 5424 up to the host and then go straight to their payload.
    if (cursor.peek() == ' ' && starts_payload(cursor.rest().substr(1))) {
      read_rest_as_message();
      return true;
    }
    for (std::string_view* word : {&out.app, &out.process_id, &out.message_id}) {
      if (cursor.skip_if(' ') && starts_payload(cursor.rest())) {
        out.message = cursor.rest();
        return true;
      }
      if (read_word(*word)) continue;
      if (word == &out.app)
        malformed("APP-NAME is missing");
      else
        malformed("header ends before STRUCTURED-DATA");
      read_rest_as_message();
      return true;
    }
    if (!cursor.skip_if(' ')) {
      // RFC 5424 wants a "-" here at least. Nothing is lost without it.
      return true;
    }
    // Without structured data, where the grammar wants "-" or "[", the message has begun.
    read_structured_data();
    read_rest_as_message();
    return true;
  }

  // Cisco Meraki: "<134>1 1433160000.123456789 MX60 flows src=..."; seconds since 1970 for the time, no tag.
  bool read_meraki(TextCursor probe, std::string_view word) {
    if (word.size() < 10 || (word.size() > 10 && word[10] != '.')) return false;
    const auto seconds = parse_int64(word.substr(0, 10));
    if (!seconds) return false;
    std::int64_t ticks = *seconds * kTicksPerSecond;
    std::int64_t scale = kTicksPerSecond / 10;
    for (const char c : word.substr(std::min<std::size_t>(11, word.size()))) {
      if (!is_ascii_digit(c)) return false;
      ticks += scale * (c - '0');
      scale /= 10;
    }
    cursor = probe;
    cursor.skip(word.size());
    out.time = event_time(ticks);
    if (cursor.skip_if(' ')) read_word(out.host);
    read_rest_as_message();
    return true;
  }

  // Cisco puts a sequence number, its own name, or both before the time: "33: router1: *Mar  1 18:46:11.123".
  // Each ends with a colon, where RFC 3164 wants the timestamp. Read to the letter, every such switch would
  // report as the one host ":".
  void skip_cisco_prefix() {
    for (int part = 0; part < 3; ++part) {
      TextCursor probe = cursor;
      probe.skip_blanks();
      if (probe.peek() == ':') {
        probe.skip();
        if (probe.peek() != ' ' && probe.peek() != '%' && !is_ascii_alpha(probe.peek())) return;
        probe.skip_blanks();
        if (!is_time_or_mnemonic(probe)) return;
        cursor = probe;
        continue;
      }
      const std::size_t start = probe.position();
      while (is_ascii_digit(probe.peek()) && probe.position() - start < 12) probe.skip();
      if (probe.position() > start && probe.peek() == ':' && probe.peek(1) == ' ') {
        probe.skip(2);
        cursor = probe;
        continue;
      }
      probe.move_to(start);
      if (parse_timestamp(probe.rest(), time_context)) return;
      const std::string_view word = probe.until(' ');
      if (word.size() < 2 || word.size() > kMaxHost || word.back() != ':' || word.front() == '%' || probe.at_end())
        return;
      probe.skip_blanks();
      if (!is_time_or_mnemonic(probe)) return;
      out.host = word.substr(0, word.size() - 1);
      cursor = probe;
    }
  }
  bool is_time_or_mnemonic(TextCursor probe) const {
    if (probe.peek() == '%') return is_ascii_alpha(probe.peek(1));
    if (probe.peek() == '*' || probe.peek() == '.') probe.skip();
    if (is_ascii_digit(probe.peek())) {
      TextCursor number = probe;
      number.number(9);
      if (number.peek() == ':' && number.peek(1) == ' ') return true;
    }
    return parse_timestamp(probe.rest(), time_context).has_value();
  }

  bool read_time() {
    TextCursor probe = cursor;
    probe.skip_blanks();
    // '*': the clock was never set; '.': it was, but NTP has lost its peers.
    if (probe.peek() == '*' || probe.peek() == '.') probe.skip();
    const bool bracket = probe.peek() == '[';
    if (bracket) probe.skip();
    const auto time = parse_timestamp(probe.rest(), time_context);
    if (!time) return false;
    probe.skip(time->size);
    if (bracket && !probe.skip_if(']')) return false;
    if (!probe.at_end() && probe.peek() != ' ' && probe.peek() != ':' && probe.peek() != ',' && probe.peek() != '\t')
      return false;
    out.time = time->time;
    cursor = probe;
    return true;
  }

  // The host, unless the word there is something else: a tag, a Cisco mnemonic, the text itself.
  void read_host() {
    cursor.skip_blanks();
    if (cursor.skip_if("Message forwarded from ")) {  // AIX
      out.host = cursor.until(':');
      cursor.skip();
      return;
    }
    const std::string_view rest = cursor.rest();
    if (rest.starts_with("last message repeated ") || rest.starts_with("message repeated ") || starts_payload(rest))
      return;
    TextCursor probe = cursor;
    const std::string_view word = probe.until(' ');
    if (word.empty() || word.size() > kMaxHost || word.front() == '%') return;
    std::string_view host = word;
    if (looks_like_ipv6(word)) {
      // "2001:db8::5"; a colon after it is the sender's, not the address's.
    } else if (word.back() == ':') {
      // "test: body" has no host, but "switch1: %SYS-5-..." and "switch1: 2024 Jan ..." have.
      probe.skip_blanks();
      if (probe.peek() != '%' || !is_ascii_alpha(probe.peek(1))) return;
      host.remove_suffix(1);
    } else if (probe.at_end()) {
      return;  // a single word is a message
    }
    for (const char c : host)
      if (!is_host_char(c)) return;
    if (!is_ascii_alpha(host.front()) && !is_ascii_digit(host.front()) && host.front() != ':' &&
        static_cast<unsigned char>(host.front()) < 0x80)
      return;
    if (host.find(':') != std::string_view::npos && !looks_like_ipv6(host)) {
      // "10.0.0.1:514" has a port; "tag:text" is none of ours.
      const auto colon = host.find(':');
      if (!parse_uint64(host.substr(colon + 1))) return;
    }
    out.host = host;
    cursor = probe;
    cursor.skip_blanks();
    // ASA: "Oct 10 2018 12:34:56 fw01 : %ASA-6-...".
    if (cursor.peek() == ':' && cursor.peek(1) == ' ') {
      cursor.skip(2);
      cursor.skip_blanks();
    }
  }

  // macOS: "Microsoft Word[14463]: text". A second word belongs to the tag when a number in brackets and a colon follow
  // it.
  static std::size_t second_tag_word(std::string_view rest) {
    std::size_t size = 1;
    while (size < rest.size() && size < kMaxTag && is_tag_char(rest[size])) ++size;
    if (size == 1 || size == rest.size() || rest[size] != '[') return 0;
    std::size_t end = size + 1;
    while (end < rest.size() && end - size <= 10 && rest[end] >= '0' && rest[end] <= '9') ++end;
    return end > size + 1 && rest.substr(end).starts_with("]: ") ? size : 0;
  }

  // "su:", "sshd[123]:", "postfix/smtpd[9]:", "kernel:"; nothing when the text begins at once.
  void read_tag() {
    cursor.skip_blanks();
    const std::string_view rest = cursor.rest();
    if (rest.starts_with("CEF:") || rest.starts_with("LEEF:")) return;
    std::size_t size = 0;
    while (size < rest.size() && size < kMaxTag && is_tag_char(rest[size])) ++size;
    if (size == 0 || size == rest.size() || rest.front() == '(') return;
    if (rest[size] == ' ') size += second_tag_word(rest.substr(size));
    const std::string_view tag = rest.substr(0, size);
    if (rest[size] == ':') {
      const char after = size + 1 < rest.size() ? rest[size + 1] : ' ';
      if (after != ' ' && after != '\t') return;
      if (parse_uint64(tag)) return;
      out.app = tag;
      cursor.skip(size + 1);
    } else if (rest[size] == '[') {
      const auto close = rest.find(']', size);
      if (close == std::string_view::npos || close - size > 64) return;
      const std::string_view inside = rest.substr(size + 1, close - size - 1);
      for (const char c : inside)
        if (c == ' ' || c == '=' || c == '"') return;  // "alert[src=1 dst=2]" is text
      const std::size_t after = close + 1;
      if (after < rest.size() && rest[after] != ':' && rest[after] != ' ') return;
      out.app = tag;
      out.process_id = inside;
      cursor.skip(after);
      cursor.skip_if(':');
    } else {
      return;
    }
    // "foo: " ends with one blank; more of them are the text's own.
    cursor.skip_if(' ');
  }

  // Solaris: "[ID 800047 auth.info] text".
  void read_solaris_id() {
    TextCursor probe = cursor;
    if (!probe.skip_if("[ID ")) return;
    const std::string_view id = probe.until(' ');
    if (id.empty() || id.size() > 12 || !parse_uint64(id) || !probe.skip_if(' ')) return;
    const std::string_view selector = probe.until(']');
    if (!probe.skip_if(']')) return;
    out.message_id = id;
    if (const auto dot = selector.find('.'); dot != std::string_view::npos && out.priority < 0) {
      const auto facility = facility_number(selector.substr(0, dot));
      const auto severity = severity_number(selector.substr(dot + 1));
      if (facility && severity) out.priority = *facility * 8 + *severity;
    }
    probe.skip_if(' ');
    cursor = probe;
  }

  void read_rfc3164() {
    bool has_time = read_time();
    if (!has_time) {
      skip_cisco_prefix();
      has_time = read_time();
    }
    if (has_time) {
      // Cisco ends the time with a colon; the mnemonic follows, and no host.
      TextCursor probe = cursor;
      probe.skip_blanks();
      const bool colon = probe.skip_if(':');
      if (colon || cursor.peek() == ',') {
        if (colon)
          cursor = probe;
        else
          cursor.skip();
      }
      cursor.skip_blanks();
      if (!colon && out.host.empty()) read_host();
    } else if (out.priority < 0 && out.host.empty()) {
      // Neither PRI nor time: no header.
      out.message = cursor.rest();
      return;
    }
    cursor.skip_blanks();
    if (read_inner_header()) return;
    read_tag();
    read_solaris_id();
    out.message = cursor.rest();
  }

  // A relay that put a header of its own before a whole message: the inner one tells the truth about the event.
  bool read_inner_header() {
    const std::string_view rest = cursor.rest();
    TextCursor probe(rest);
    if (rest.size() < 5 || rest.front() != '<') return false;
    probe.skip();
    const auto number = probe.number(3);
    if (!number || *number > 191 || !probe.skip_if('>')) return false;
    if (!out.relay.empty()) return false;  // two levels, no more
    Parser inner{line, time_context, TextCursor(line), {}};
    inner.cursor.move_to(cursor.position());
    inner.out.relay = out.host.empty() ? std::string_view("-") : out.host;
    inner.read();
    if (inner.out.malformed.empty()) {
      if (!inner.out.time) inner.out.time = out.time;
      if (inner.out.host.empty()) inner.out.host = out.host;
      inner.out.relay = out.host;
      out = inner.out;
      return true;
    }
    return false;
  }

  void read() {
    if (cursor.rest().starts_with("<?xml") || cursor.rest().starts_with("<Event") ||
        cursor.rest().starts_with("<EPO")) {
      out.message = cursor.rest();
      return;
    }
    if (!read_priority()) {
      malformed("PRI is not <0>..<191>");
      out.message = cursor.rest();
      return;
    }
    if (is_ascii_digit(cursor.peek()) && read_rfc5424()) return;
    if (cursor.peek() != '\0' && out.priority >= 0 && cursor.rest().starts_with(kByteOrderMark))
      cursor.skip(kByteOrderMark.size());
    read_rfc3164();
  }
};

}  // namespace

SyslogHeader parse_syslog_header(std::string_view line, ReceiveTime received_at, std::chrono::minutes utc_offset) {
  std::string_view text = line;
  // What framing may leave: Cisco ends a datagram with NUL, others with CR LF.
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) text.remove_suffix(1);
  Parser parser{text, {received_at, utc_offset}, TextCursor(text), {}};
  if (text.starts_with(kByteOrderMark)) parser.cursor.skip(kByteOrderMark.size());
  parser.read();
  return parser.out;
}

namespace {
constexpr std::array<std::string_view, 24> kFacilities{"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                                       "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                                       "ntp",    "audit",  "alert",  "clock",  "local0",   "local1",
                                                       "local2", "local3", "local4", "local5", "local6",   "local7"};
constexpr std::array<std::string_view, 8> kSeverities{"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
}  // namespace

std::string_view facility_name(int facility) {
  return facility >= 0 && facility < 24 ? kFacilities[static_cast<std::size_t>(facility)] : std::string_view();
}
std::string_view severity_name(int severity) {
  return severity >= 0 && severity < 8 ? kSeverities[static_cast<std::size_t>(severity)] : std::string_view();
}
std::optional<int> facility_number(std::string_view name) {
  for (std::size_t i = 0; i < kFacilities.size(); ++i)
    if (kFacilities[i] == name) return static_cast<int>(i);
  return std::nullopt;
}
std::optional<int> severity_number(std::string_view name) {
  for (std::size_t i = 0; i < kSeverities.size(); ++i)
    if (kSeverities[i] == name) return static_cast<int>(i);
  if (name == "warn") return 4;
  if (name == "error") return 3;
  if (name == "panic") return 0;
  return std::nullopt;
}

}  // namespace yagura::formats
