#include "kql/kernels/conversion.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "base/time.hpp"
#include "kql/kernels/decimal.hpp"
#include "kql/kernels/json.hpp"
#include "kql/literal_text.hpp"
#include "kql/types.hpp"

namespace yagura::kql {
namespace {

void append_integer(std::string& out, std::int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

// Of types other than string, decimal and dynamic.
void append_plain(std::string& out, const Operand& value, std::size_t row) {
  switch (value.type()) {
    case Type::boolean: out += value.boolean(row) ? "true" : "false"; break;
    case Type::int32:
    case Type::int64: append_integer(out, value.integer(row)); break;
    case Type::real: out += format_real(value.real(row)); break;
    case Type::datetime: append_datetime(out, value.integer(row)); break;
    case Type::timespan: out += event::format_timespan(value.integer(row)); break;
    case Type::guid: append_guid(out, value.guid(row)); break;
    default: out += value.text(row);
  }
}

}  // namespace

double Operand::real(std::size_t row) const {
  switch (type()) {
    case Type::real: return column_->reals()[row * step_];
    case Type::decimal: {
      const auto value = Decimal::parse(text(row));
      return value ? value->to_real() : 0;
    }
    default: return static_cast<double>(integer(row));
  }
}

void KernelCall::put(double value) {
  if (result.type() != Type::dynamic) return result.append_real(value);
  event::Column one(Type::real);
  one.append_real(value);
  put(Json{json_of(Operand(one, true), 0, arena)});
}

std::string_view text_of_json(std::string_view json, Arena& arena) {
  return json::is_string(json) ? json::decode(json, arena) : json;
}

std::string_view text_of(const Operand& value, std::size_t row, Arena& arena) {
  if (value.type() == Type::string) return value.text(row);
  if (value.is_null(row)) return {};
  if (value.type() == Type::dynamic) return text_of_json(value.text(row), arena);
  std::string out;
  if (value.type() == Type::decimal) {
    const auto number = Decimal::parse(value.text(row));
    out = number ? number->to_text() : std::string(value.text(row));
  } else {
    append_plain(out, value, row);
  }
  return arena.copy(out);
}

void append_json_of(std::string& out, const Operand& value, std::size_t row) {
  if (value.type() == Type::string) return json::append_quoted(out, value.text(row));
  if (value.is_null(row)) {
    out += "null";
    return;
  }
  switch (value.type()) {
    case Type::dynamic: out += value.text(row); break;
    case Type::boolean:
    case Type::int32:
    case Type::int64: append_plain(out, value, row); break;
    case Type::real:
      if (std::isfinite(value.real(row))) {
        append_plain(out, value, row);
        break;
      }
      [[fallthrough]];
    default:
      out += '"';
      append_plain(out, value, row);
      out += '"';
  }
}

std::string_view json_of(const Operand& value, std::size_t row, Arena& arena) {
  if (value.type() == Type::dynamic && !value.is_null(row)) return value.text(row);
  std::string out;
  append_json_of(out, value, row);
  return arena.copy(out);
}

std::optional<std::int64_t> long_from_real(double value) {
  value = std::trunc(value);
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> long_from_text(std::string_view text) {
  text = trim(text);
  if (const auto whole = parse_long_text(text)) return whole;
  if (!is_decimal_text(text)) return std::nullopt;
  const auto real = parse_real_text(text);
  return real ? long_from_real(*real) : std::nullopt;
}

std::optional<double> real_from_text(std::string_view text) {
  text = trim(text);
  if (const auto real = parse_real_text(text)) return real;
  if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
    if (const auto whole = parse_long_text(text)) return static_cast<double>(*whole);
  }
  return std::nullopt;
}

std::optional<bool> bool_from_text(std::string_view text) {
  text = trim(text);
  if (equal_ignoring_ascii_case(text, "true")) return true;
  if (equal_ignoring_ascii_case(text, "false")) return false;
  const auto number = parse_real_text(text);
  if (!number || !is_decimal_text(text)) return std::nullopt;
  return *number != 0;
}

std::optional<std::int64_t> datetime_from_text(std::string_view text) { return parse_datetime_text(text); }
std::optional<std::int64_t> timespan_from_text(std::string_view text) { return parse_timespan_text(text); }

std::optional<Guid> guid_from_text(std::string_view text) {
  text = trim(text);
  if (!text.empty() && (text.front() == '(' || text.front() == '{')) text.remove_prefix(1);
  std::string digits;  // 32 of them, whatever follows; a dash between two groups may be left out
  for (std::size_t i = 0; i < text.size() && digits.size() < 32; ++i) {
    const bool between_groups = digits.size() == 8 || digits.size() == 12 || digits.size() == 16 || digits.size() == 20;
    if (text[i] != '-') digits += text[i];
    else if (!between_groups || text[i - 1] == '-') return std::nullopt;
  }
  return Guid::parse(digits);
}

void append_from_json(event::Column& column, std::string_view json, Arena& arena) {
  if (json::is_null(json)) return column.append_null();
  if (column.type() == Type::dynamic) return column.append_text(json);
  const auto text = text_of_json(json, arena);
  const auto put = [&](const auto& value, auto append) {
    if (value) {
      append(*value);
    } else {
      column.append_null();
    }
  };
  switch (column.type()) {
    case Type::boolean: return put(bool_from_text(text), [&](bool v) { column.append_boolean(v); });
    case Type::int32:
      return put(long_from_text(text), [&](std::int64_t v) {
        if (v >= std::numeric_limits<std::int32_t>::min() && v <= std::numeric_limits<std::int32_t>::max()) {
          column.append_int32(static_cast<std::int32_t>(v));
        } else {
          column.append_null();
        }
      });
    case Type::int64: return put(long_from_text(text), [&](std::int64_t v) { column.append_int64(v); });
    case Type::real: return put(real_from_text(text), [&](double v) { column.append_real(v); });
    case Type::datetime: return put(datetime_from_text(text), [&](std::int64_t v) { column.append_int64(v); });
    case Type::timespan: return put(timespan_from_text(text), [&](std::int64_t v) { column.append_int64(v); });
    case Type::guid: return put(guid_from_text(text), [&](const Guid& v) { column.append_guid(v); });
    case Type::decimal:
      return put(Decimal::parse(text), [&](const Decimal& v) { column.append_text(arena.copy(v.to_text())); });
    default: column.append_text(text);
  }
}

}  // namespace yagura::kql
