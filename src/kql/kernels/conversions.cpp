// Kernels of conversions between types.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/decimal.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

template <class Read>
void convert_rows(KernelCall& call, Read read) {
  const Operand& value = call[0];
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (value.type() != Type::string && value.is_null(row)) {
      call.put_null();
    } else {
      read(value, row);
    }
  }
}

std::optional<std::int64_t> to_integer(const Operand& value, std::size_t row, Arena& arena) {
  switch (value.type()) {
    case Type::string: return long_from_text(value.text(row));
    case Type::dynamic: return long_from_text(text_of_json(value.text(row), arena));
    case Type::real:
    case Type::decimal: return long_from_real(value.real(row));
    case Type::datetime: return value.integer(row) + kTicksOf1970;
    case Type::guid: return std::nullopt;
    default: return value.integer(row);
  }
}

void to_long(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) { call.put(to_integer(value, row, call.arena)); });
}
void to_int(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    const auto wide = to_integer(value, row, call.arena);
    const bool fits =
        wide && *wide >= std::numeric_limits<std::int32_t>::min() && *wide <= std::numeric_limits<std::int32_t>::max();
    call.put(fits ? wide : std::nullopt);
  });
}

void to_real(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    switch (value.type()) {
      case Type::string: return call.put(real_from_text(value.text(row)));
      case Type::dynamic: return call.put(real_from_text(text_of_json(value.text(row), call.arena)));
      case Type::datetime: return call.put(static_cast<double>(value.integer(row) + kTicksOf1970));
      case Type::guid: return call.put_null();
      default: return call.put(value.real(row));
    }
  });
}

void to_decimal(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    std::optional<Decimal> number;
    switch (value.type()) {
      case Type::guid: break;
      case Type::datetime: number = Decimal{.units = value.integer(row) + kTicksOf1970, .scale = 0}; break;
      case Type::boolean:
      case Type::int32:
      case Type::int64:
      case Type::timespan: number = Decimal{.units = value.integer(row), .scale = 0}; break;
      default: number = Decimal::parse(text_of(value, row, call.arena));
    }
    if (number) {
      call.put(number->to_text());
    } else {
      call.put_null();
    }
  });
}

void to_bool(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    switch (value.type()) {
      case Type::string: return call.put(bool_from_text(value.text(row)));
      case Type::dynamic: return call.put(bool_from_text(text_of_json(value.text(row), call.arena)));
      case Type::datetime:
      case Type::guid: return call.put_null();
      default: return call.put(value.real(row) != 0);
    }
  });
}

void to_text(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) call.put(text_of(call[0], row, call.arena));
}

void to_datetime(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    switch (value.type()) {
      case Type::datetime: return call.put(value.integer(row));
      case Type::string: return call.put(datetime_from_text(value.text(row)));
      case Type::dynamic: return call.put(datetime_from_text(text_of_json(value.text(row), call.arena)));
      case Type::int32:
      case Type::int64: {
        const auto ticks = value.integer(row);
        if (ticks < 0 || ticks > 3'155'378'975'999'999'999) return call.put_null();
        return call.put(ticks - kTicksOf1970);
      }
      default: return call.put_null();
    }
  });
}

void to_timespan(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    switch (value.type()) {
      case Type::timespan:
      case Type::int32:
      case Type::int64: return call.put(value.integer(row));
      case Type::string: return call.put(timespan_from_text(value.text(row)));
      case Type::dynamic: return call.put(timespan_from_text(text_of_json(value.text(row), call.arena)));
      case Type::real: return call.put(long_from_real(value.real(row)));
      default: return call.put_null();
    }
  });
}

void to_guid(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    if (value.type() == Type::guid) return call.put(value.guid(row));
    call.put(guid_from_text(text_of(value, row, call.arena)));
  });
}

// A text that is no JSON becomes a JSON string.
void parse_json(KernelCall& call) {
  convert_rows(call, [&](const Operand& value, std::size_t row) {
    auto text = value.text(row);
    if (value.type() == Type::dynamic) {
      if (!json::is_string(text)) return call.put(Json{text});
      text = json::decode(text, call.arena);
    }
    if (text.empty()) return call.put_null();
    const auto parsed = json::compact(text, call.arena);
    call.put(Json{parsed ? *parsed : json::quote(text, call.arena)});
  });
}

void to_dynamic(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) call.put(Json{json_of(call[0], row, call.arena)});
}

void get_type(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const Operand& value = call[0];
    if (value.type() != Type::dynamic) {
      call.put(to_string(value.type()));
      continue;
    }
    const auto text = value.is_null(row) ? std::string_view() : value.text(row);
    if (json::is_null(text)) {
      call.put(std::string_view("null"));
    } else if (json::is_array(text)) {
      call.put(std::string_view("array"));
    } else if (json::is_object(text)) {
      call.put(std::string_view("dictionary"));
    } else if (json::is_string(text)) {
      call.put(std::string_view("string"));
    } else if (text == "true" || text == "false") {
      call.put(std::string_view("bool"));
    } else {
      call.put(std::string_view(text.find_first_of(".eE") == text.npos ? "long" : "real"));
    }
  }
}

// One text for equal values: members in the order of their keys.
void append_canonical(std::string& out, std::string_view value, int depth) {
  if (depth > 100 || (!json::is_array(value) && !json::is_object(value))) {
    out += value;
    return;
  }
  if (json::is_array(value)) {
    out += '[';
    const auto begin = out.size();
    json::for_each_element(value, [&](std::string_view item) {
      if (out.size() > begin) out += ',';
      append_canonical(out, item, depth + 1);
    });
    out += ']';
    return;
  }
  std::vector<std::pair<std::string_view, std::string_view>> members;
  json::for_each_member(value, [&](std::string_view key, std::string_view item) { members.emplace_back(key, item); });
  std::ranges::stable_sort(members, {}, [](const auto& member) { return member.first; });
  out += '{';
  const auto begin = out.size();
  for (const auto& [key, item] : members) {
    if (out.size() > begin) out += ',';
    out += key;
    out += ':';
    append_canonical(out, item, depth + 1);
  }
  out += '}';
}
void dynamic_to_json(KernelCall& call) {
  std::string out;
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].type() != Type::dynamic) {
      call.put(text_of(call[0], row, call.arena));
      continue;
    }
    out.clear();
    if (!call[0].is_null(row)) append_canonical(out, json_of(call[0], row, call.arena), 0);
    call.put(out);
  }
}

constexpr Kernel kKernels[] = {
    {"toint", to_int},           {"tolong", to_long},
    {"toreal", to_real},         {"todecimal", to_decimal},
    {"tobool", to_bool},         {"tostring", to_text},
    {"todatetime", to_datetime}, {"totimespan", to_timespan},
    {"toguid", to_guid},         {"parse_json", parse_json},
    {"todynamic", parse_json},   {".to_dynamic", to_dynamic},
    {"gettype", get_type},       {"dynamic_to_json", dynamic_to_json},
};

}  // namespace

std::span<const Kernel> conversion_kernels() { return kKernels; }

}  // namespace yagura::kql
