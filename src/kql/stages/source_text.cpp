// Rows as SQL that reads them: each column's values packed into one text literal, cut up again by row number.
//
// A literal costs the parser next to nothing, whatever its length: a million rows of 40 bytes take 0.6 s, where values()
// takes 70 s, and format() is not for readonly connections. Values keep their bits.
#include <fmt/format.h>

#include <cstring>

#include "kql/sql_text.hpp"
#include "kql/stages/run_stages.hpp"

namespace yagura::kql {

namespace {

// A text literal of any bytes.
class Literal {
 public:
  Literal() { text_ = "'"; }
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      switch (c) {
        case '\\': text_ += "\\\\"; break;
        case '\'': text_ += "\\'"; break;
        case '\0': text_ += "\\0"; break;
        default: text_ += c;
      }
    }
  }
  template <class T>
  void add_value(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    add({bytes, sizeof(T)});
  }
  std::string take() {
    text_ += '\'';
    return std::move(text_);
  }

 private:
  std::string text_;
};

template <class Values>
std::string packed(const Values& values) {
  Literal out;
  for (const auto v : values) out.add_value(v);
  return out.take();
}

}  // namespace

std::string source_text(const event::TableBatch& rows, const std::vector<event::ColumnSchema>& columns, std::string_view row_number) {
  std::string with, select;
  int literals = 0;
  const auto name = [&](std::string literal) {
    std::string n = fmt::format("{}_b{}", row_number.empty() ? "s" : row_number, literals++);
    with += (with.empty() ? "WITH " : ", ") + std::move(literal) + " AS " + n;
    return n;
  };
  const auto fixed = [&](std::string literal, std::string_view function, int size) {
    return fmt::format("{}(substring({}, number * {} + 1, {}))", function, name(std::move(literal)), size, size);
  };
  const std::size_t count = rows.row_count();
  for (std::size_t i = 0; i < columns.size() && i < rows.column_count(); ++i) {
    const auto& column = rows.column(i);
    std::string value;
    switch (column.type()) {
      case Type::boolean: value = fmt::format("{} != 0", fixed(packed(column.booleans()), "reinterpretAsUInt8", 1)); break;
      case Type::int32: value = fixed(packed(column.int32s()), "reinterpretAsInt32", 4); break;
      case Type::real: value = fixed(packed(column.reals()), "reinterpretAsFloat64", 8); break;
      case Type::int64:
      case Type::timespan: value = fixed(packed(column.int64s()), "reinterpretAsInt64", 8); break;
      case Type::datetime: value = sql::datetime_of(fixed(packed(column.int64s()), "reinterpretAsInt64", 8)); break;
      case Type::guid: {
        Literal out;
        for (const auto& g : column.guids()) out.add(to_string(g));
        value = fixed(out.take(), "toUUID", 36);
        break;
      }
      default: {  // texts: their bytes, and where each ends
        Literal bytes, ends;
        std::uint64_t end = 0;
        for (std::size_t row = 0; row < count; ++row) {
          const auto text = column.type() != Type::string && column.is_null(row) ? std::string_view() : column.texts()[row];
          bytes.add(text);
          end += text.size();
          ends.add_value(end);
        }
        const std::string b = name(bytes.take()), e = name(ends.take());
        // The first text begins at 0: `substring` before the beginning gives '', which reads as 0.
        const std::string begin = fmt::format("if(number = 0, 0, reinterpretAsUInt64(substring({}, number * 8 - 7, 8)))", e);
        value = fmt::format("substring({}, {} + 1, reinterpretAsUInt64(substring({}, number * 8 + 1, 8)) - {})", b, begin, e, begin);
        if (column.type() == Type::decimal) value = fmt::format("toDecimal256OrNull({}, 20)", value);
      }
    }
    bool nulls = false;
    for (const auto n : column.nulls()) nulls = nulls || n != 0;
    if (nulls && column.type() != Type::string) {
      value = fmt::format("if(substring({}, number + 1, 1) != '\\0', NULL, {})", name(packed(column.nulls())), value);
    }
    select += fmt::format("{}{} AS {}", select.empty() ? "" : ", ", value, columns[i].name);
  }
  if (!row_number.empty()) select += fmt::format("{}toInt64(number) AS {}", select.empty() ? "" : ", ", row_number);
  if (select.empty()) select = "1 AS _";
  return fmt::format("({}{}SELECT {} FROM numbers({}))", with, with.empty() ? "" : " ", select, count);
}

std::string fill_in(std::string_view sql, const std::vector<std::string>& texts) {
  std::string out;
  constexpr std::string_view kMark = "{stage_";
  for (std::size_t i = 0; i < sql.size();) {
    const char c = sql[i];
    if (c == '\'' || c == '`' || c == '"') {
      const std::size_t begin = i++;
      while (i < sql.size() && sql[i] != c) i += sql[i] == '\\' ? 2 : 1;
      i = std::min(i + 1, sql.size());
      out += sql.substr(begin, i - begin);
      continue;
    }
    if (c == '{' && sql.substr(i).starts_with(kMark)) {
      std::size_t number = 0, at = i + kMark.size();
      while (at < sql.size() && sql[at] >= '0' && sql[at] <= '9' && number < texts.size()) number = number * 10 + static_cast<std::size_t>(sql[at++] - '0');
      if (at < sql.size() && sql[at] == '}' && number < texts.size()) {
        out += texts[number];
        i = at + 1;
        continue;
      }
    }
    out += c;
    ++i;
  }
  return out;
}

}  // namespace yagura::kql
