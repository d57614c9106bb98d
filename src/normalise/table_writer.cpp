#include "normalise/table_writer.hpp"

#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::normalise {

using event::Column;
using event::KqlType;
using event::Value;

StandardColumns::StandardColumns(const event::TableSchema& schema)
    : time_generated(schema.find("TimeGenerated").value_or(kNoColumn)),
      time_read(schema.find("_TimeRead").value_or(kNoColumn)),
      time_received(schema.find("_TimeReceived").value_or(kNoColumn)),
      time_ingested(schema.find("_TimeIngested").value_or(kNoColumn)),
      item_id(schema.find("_ItemId").value_or(kNoColumn)),
      position(schema.find("_Position").value_or(kNoColumn)),
      type(schema.find("Type").value_or(kNoColumn)) {}

TableWriter::TableWriter(const event::TableSchema& schema, ReceiveTime ingested_at, std::size_t expected)
    : batch_(schema), standard_(schema), ingested_at_(ingested_at.time_since_epoch().count()), expected_(expected) {
  type_name_ = batch_.arena().copy(schema.name);
}

Column& TableWriter::padded(std::size_t index) {
  auto& column = batch_.column(index);
  const std::size_t before = rows_ - 1;
  if (column.size() == 0 && expected_ > rows_) column.reserve(expected_);
  if (column.size() == before) [[likely]]
    return column;
  if (column.size() < before) {
    column.pad(before);
    return column;
  }
  // Set twice: the later value stands.
  column.nulls().pop_back();
  switch (column.type()) {
    case KqlType::string:
    case KqlType::decimal:
    case KqlType::dynamic: column.texts().pop_back(); break;
    case KqlType::boolean: column.booleans().pop_back(); break;
    case KqlType::int32: column.int32s().pop_back(); break;
    case KqlType::int64:
    case KqlType::datetime:
    case KqlType::timespan: column.int64s().pop_back(); break;
    case KqlType::real: column.reals().pop_back(); break;
    case KqlType::guid: column.guids().pop_back(); break;
  }
  return column;
}

void TableWriter::begin_row(const event::Record& record) {
  ++rows_;
  const auto& header = record.header();
  int64(standard_.time_generated, header.time.time_since_epoch().count());
  if (header.origin.read_at) int64(standard_.time_read, header.origin.read_at->time_since_epoch().count());
  int64(standard_.time_received, header.origin.received_at.time_since_epoch().count());
  int64(standard_.time_ingested, ingested_at_);
  guid(standard_.item_id, record.item_id());
  int64(standard_.position, static_cast<std::int64_t>(header.origin.position.number()));
  text(standard_.type, type_name_);
  const Position position = header.origin.position;
  if (rows_ == 1 || position < batch_.first_position) batch_.first_position = position;
  if (rows_ == 1 || position > batch_.last_position) batch_.last_position = position;
}

namespace {

std::optional<std::int64_t> whole_number(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::int64: return value.as_int64();
    case Value::Kind::boolean: return value.as_boolean();
    case Value::Kind::real: {
      const double number = value.as_real();
      if (!(std::abs(number) < 9.2e18) || std::trunc(number) != number) return std::nullopt;
      return static_cast<std::int64_t>(number);
    }
    case Value::Kind::string: return parse_int64(trim(value.as_string()));
    default: return std::nullopt;
  }
}

// Numbers since 1970 by magnitude, as senders write them: seconds, milliseconds, microseconds or nanoseconds.
std::optional<std::int64_t> datetime_ticks(const Value& value) {
  if (value.is_string()) {
    if (const auto ticks = parse_iso8601(trim(value.as_string()))) return ticks;
  }
  const auto number = value.kind() == Value::Kind::real ? std::optional<double>(value.as_real())
                      : value.is_string()               ? parse_double(trim(value.as_string()))
                      : value.kind() == Value::Kind::int64
                          ? std::optional<double>(static_cast<double>(value.as_int64()))
                          : std::nullopt;
  if (!number || !std::isfinite(*number) || *number < 0) return std::nullopt;
  double unit = kTicksPerSecond;
  if (*number >= 1e17)
    unit = 0.01;
  else if (*number >= 1e14)
    unit = 10;
  else if (*number >= 1e11)
    unit = 10'000;
  const double ticks = *number * unit;
  if (ticks > static_cast<double>(kMaxTicks)) return std::nullopt;
  // Whole numbers without a detour over double, which would lose the last digits.
  if (value.kind() == Value::Kind::int64) {
    const std::int64_t whole = value.as_int64();
    return unit < 1 ? whole / 100 : whole * static_cast<std::int64_t>(unit);
  }
  return static_cast<std::int64_t>(std::llround(ticks));
}

}  // namespace

bool TableWriter::value(std::size_t index, const Value& value) {
  if (index == kNoColumn) return false;
  if (value.is_null()) return true;
  switch (batch_.column(index).type()) {
    case KqlType::string:
      if (value.is_string()) {
        text(index, value.as_string());
      } else {
        std::string json;
        event::append_text(json, value);
        text(index, arena().copy(json));
      }
      return true;
    case KqlType::dynamic: {
      std::string json;
      event::append_json(json, value);
      text(index, arena().copy(json));
      return true;
    }
    case KqlType::decimal: {
      std::string number;
      event::append_text(number, value);
      if (!parse_double(number)) return false;
      text(index, arena().copy(number));
      return true;
    }
    case KqlType::boolean: {
      if (value.is_string()) {
        const std::string word = to_lower_ascii(trim(value.as_string()));
        if (word != "true" && word != "false" && word != "1" && word != "0") return false;
        padded(index).append_boolean(word == "true" || word == "1");
        return true;
      }
      const auto number = whole_number(value);
      if (!number) return false;
      padded(index).append_boolean(*number != 0);
      return true;
    }
    case KqlType::int32: {
      const auto number = whole_number(value);
      if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
          *number > std::numeric_limits<std::int32_t>::max())
        return false;
      int32(index, static_cast<std::int32_t>(*number));
      return true;
    }
    case KqlType::int64: {
      const auto number = whole_number(value);
      if (!number) return false;
      int64(index, *number);
      return true;
    }
    case KqlType::real: {
      const auto number = value.kind() == Value::Kind::real ? std::optional<double>(value.as_real())
                          : value.kind() == Value::Kind::int64
                              ? std::optional<double>(static_cast<double>(value.as_int64()))
                          : value.is_string() ? parse_double(trim(value.as_string()))
                                              : std::nullopt;
      if (!number) return false;
      padded(index).append_real(*number);
      return true;
    }
    case KqlType::datetime: {
      const auto ticks = datetime_ticks(value);
      if (!ticks) return false;
      int64(index, *ticks);
      return true;
    }
    case KqlType::timespan: {
      // As .NET writes it, [d.]hh:mm:ss[.f], or a number of ticks.
      if (const auto number = whole_number(value); number && !value.is_string()) {
        int64(index, *number);
        return true;
      }
      const std::string_view all = value.as_string();
      std::string_view rest = trim(all);
      const bool negative = rest.starts_with('-');
      if (negative) rest.remove_prefix(1);
      std::int64_t days = 0;
      const auto colon = rest.find(':');
      if (colon == std::string_view::npos) return false;
      if (const auto dot = rest.find('.'); dot < colon) {
        const auto read = parse_int64(rest.substr(0, dot));
        if (!read || *read > 10'000'000) return false;
        days = *read;
        rest.remove_prefix(dot + 1);
      }
      const auto parts = split(rest, ':');
      if (parts.size() != 3) return false;
      const auto hours = parse_int64(parts[0]);
      const auto minutes = parse_int64(parts[1]);
      const auto seconds = parse_double(parts[2]);
      if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds >= 60 || *hours < 0 ||
          *minutes < 0 || *seconds < 0)
        return false;
      const std::int64_t ticks = days * kTicksPerDay + (*hours * 3600 + *minutes * 60) * kTicksPerSecond +
                                 std::llround(*seconds * kTicksPerSecond);
      int64(index, negative ? -ticks : ticks);
      return true;
    }
    case KqlType::guid: {
      const auto id = value.is_string() ? Guid::parse(value.as_string()) : std::nullopt;
      if (!id) return false;
      guid(index, *id);
      return true;
    }
  }
  return false;
}

event::TableBatch TableWriter::finish(std::shared_ptr<const void> owner) {
  batch_.drop_unfilled();
  for (std::size_t i = 0; i < batch_.column_count(); ++i) batch_.column(i).pad(rows_);
  batch_.adopt(std::move(owner));
  return std::move(batch_);
}

}  // namespace yagura::normalise
