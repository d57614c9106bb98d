#include "normalise/windows_message_body.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "normalise/windows_message_tables.hpp"
#include "normalise/windows_messages.hpp"

namespace yagura::normalise {

namespace {

// %%1234 -> its text, when it is known.
void append_with_parameters(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const auto at = text.find("%%");
    out += text.substr(0, at);
    if (at == std::string_view::npos) return;
    text.remove_prefix(at);
    std::size_t end = 2;
    while (end < text.size() && end < 8 && is_ascii_digit(text[end])) ++end;
    const auto number = parse_uint64(text.substr(2, end - 2)).value_or(0);
    const auto all = security_auditing_parameters();
    const auto known =
        std::ranges::lower_bound(all, number, {}, [](const WindowsTitle& one) { return std::uint64_t{one.id}; });
    if (known != all.end() && known->id == number) {
      out += known->text;
    } else {
      // The subcategories of auditing have the numbers of the tasks.
      const auto task = windows_task_name("Microsoft-Windows-Security-Auditing", static_cast<std::int64_t>(number));
      out += task.empty() ? text.substr(0, end) : task;
    }
    text.remove_prefix(end);
  }
}

// What the manifest calls HexInt32 and HexInt64; pointers (handles, process ids) have small ones.
bool has_capital_digits(std::string_view field) {
  return field.ends_with("LogonId") || field.ends_with("LogonID") || field.ends_with("Status") ||
         field.ends_with("UacValue") || field == "EventSourceId" || field == "AccessMask" || field == "TicketOptions" ||
         field == "TicketEncryptionType";
}

class Body {
 public:
  Body(const event::Record& record, std::string& out) : record_(record), out_(out) {}

  void append(std::string_view line) {
    switch (line.front()) {
      case '[': section(line.substr(1, line.size() - 2)); return;
      case '"':
        out_ += "\r\n";
        out_ += line.substr(1);
        return;
      case '*': account(line.substr(1), "UserSid"); return;
      case '-': account(line.substr(1), "Sid"); return;
      case '~':
        out_ += "\r\n\t\t\t";
        value(line.substr(1));
        return;
      case '/':
        out_ += "\r\n\t";
        value(line.substr(1));
        return;
      case '>':
        out_ += "\r\n\t\r\n";
        line.remove_prefix(1);
        break;
      case '|':
        out_ += "\r\n";
        line.remove_prefix(1);
        out_ += "\r\n";
        break;
      case '.':
        line.remove_prefix(1);
        out_ += "\r\n";
        break;
      default: out_ += "\r\n\t";
    }
    labelled(line);
  }

 private:
  void section(std::string_view title) {
    const bool tab = title.starts_with('>');
    if (tab) title.remove_prefix(1);
    out_ += tab ? "\r\n\t\r\n" : "\r\n\r\n";
    const bool bare = title.ends_with('-');
    if (bare) title.remove_suffix(1);
    out_ += title;
    if (!bare && !title.contains(':')) out_ += ':';
  }

  void account(std::string_view who, std::string_view sid) {
    const auto field = [&](std::string_view label, std::string_view name) {
      out_ += "\r\n\t";
      out_ += label;
      out_ += ":\t\t";
      value(std::string(who) + std::string(name));
    };
    field("Security ID", sid);
    field("Account Name", "UserName");
    field("Account Domain", "DomainName");
    if (sid == "UserSid") field("Logon ID", "LogonId");
  }

  // "Label: Field", "Label:2 Field", "Label:+2 Field".
  void labelled(std::string_view line) {
    const auto colon = line.find(':');
    out_ += line.substr(0, colon + 1);
    auto rest = line.substr(colon + 1);
    if (rest.front() == '+') {
      out_ += ' ';
      rest.remove_prefix(1);
    }
    // The data stand in one column, when the label leaves room for it.
    std::size_t tabs = colon < 7 ? 3 : colon < 16 ? 2 : 1;
    if (is_ascii_digit(rest.front())) {
      tabs = static_cast<std::size_t>(rest.front() - '0');
      rest.remove_prefix(1);
    }
    out_.append(tabs, '\t');
    rest.remove_prefix(1);
    if (!rest.contains('{')) {
      value(rest);
      return;
    }
    while (!rest.empty()) {
      const auto open = rest.find('{'), close = rest.find('}', open);
      out_ += rest.substr(0, open);
      if (close == std::string_view::npos) return;
      value(rest.substr(open + 1, close - open - 1));
      rest.remove_prefix(close + 1);
    }
  }

  void value(std::string_view field) {
    const bool as_is = field.starts_with('=');
    if (as_is) field.remove_prefix(1);
    const auto* found = record_.find(field);
    if (found == nullptr) return;
    std::string text;
    event::append_text(text, *found);
    // Windows writes these numbers with capital digits.
    if (text.starts_with("0x") && has_capital_digits(field))
      for (std::size_t i = 2; i < text.size(); ++i)
        if (text[i] >= 'a' && text[i] <= 'f') text[i] = static_cast<char>(text[i] - 32);
    if (as_is)
      out_ += text;
    else
      append_with_parameters(text, out_);
  }

  const event::Record& record_;
  std::string& out_;
};

}  // namespace

void append_message_body(std::string_view body, const event::Record& record, std::size_t most, std::string& out) {
  Body writer(record, out);
  for (const auto line : split(body, '\n')) {
    if (out.size() > most) return;
    if (!line.empty()) writer.append(line);
  }
}

}  // namespace yagura::normalise
