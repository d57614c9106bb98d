#include "kql/language.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/text.hpp"

namespace yagura::kql {

namespace {

enum class Kind : std::uint8_t {
  declared, scalar, number, number_or_bool, integer, summable, orderable, not_dynamic, not_real_or_bool, array, bag,
  string_or_dynamic, string_or_array, integer_or_array, common, common_or_dynamic, common_orderable, tabular, any, type,
};

struct Parameter {
  std::string_view name;
  Kind kind = Kind::scalar;
  Type type = kUnknown;  // of declared
  bool constant = false, literal = false, not_empty = false, column = false, star_allowed = false, star_only = false;
  std::size_t minimum = 1, maximum = 1;
  std::vector<std::string_view> values;
};

enum class Result : std::uint8_t {
  declared, same, array_of_first, second, type_first, type_second, type_last, common, common_not_dynamic, widest, first, custom,
};

struct Signature {
  std::vector<Parameter> parameters;
  Result result = Result::declared;
  Type type = kUnknown;
  Shape shape;
  std::size_t minimum = 0, maximum = 0;
  bool repeats = false;
};

struct Entry {
  std::vector<Signature> signatures;
};

// ---- reading the table

std::size_t read_number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Parameter read_parameter(std::string_view text) {
  Parameter p;
  if (const auto open = text.find('['); open != std::string_view::npos) {
    p.values = split(text.substr(open + 1, text.size() - open - 2), '|');
    text = text.substr(0, open);
  }
  const auto colon = text.find(':');
  p.name = text.substr(0, colon);
  text = text.substr(colon + 1);
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= 'a' && text[end] <= 'z') || text[end] == '_')) ++end;
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {
      {"scalar", Kind::scalar}, {"number", Kind::number}, {"number_or_bool", Kind::number_or_bool}, {"integer", Kind::integer},
      {"summable", Kind::summable}, {"orderable", Kind::orderable}, {"not_dynamic", Kind::not_dynamic},
      {"not_real_or_bool", Kind::not_real_or_bool}, {"array", Kind::array}, {"bag", Kind::bag},
      {"string_or_dynamic", Kind::string_or_dynamic}, {"string_or_array", Kind::string_or_array},
      {"integer_or_array", Kind::integer_or_array}, {"common", Kind::common}, {"common_or_dynamic", Kind::common_or_dynamic},
      {"common_orderable", Kind::common_orderable}, {"tabular", Kind::tabular}, {"any", Kind::any}, {"type", Kind::type}};
  const std::string_view word = text.substr(0, end);
  const auto kind = std::ranges::find_if(kKinds, [&](const auto& k) { return k.first == word; });
  if (kind != std::end(kKinds)) {
    p.kind = kind->second;
  } else {
    p.kind = Kind::declared;
    p.type = event::parse_kql_type(word).value_or(kUnknown);
  }
  for (std::string_view marks = text.substr(end); !marks.empty(); marks.remove_prefix(1)) {
    switch (marks[0]) {
      case '=': p.constant = true; break;
      case '\'': p.literal = true; break;
      case '"': p.literal = p.not_empty = true; break;
      case '#': p.column = true; break;
      case '*':
        p.star_only = p.star_allowed;
        p.star_allowed = true;
        break;
      case '?': p.minimum = 0; break;
      case '{': {
        const auto comma = marks.find(',');
        p.minimum = read_number(marks.substr(1));
        p.maximum = read_number(marks.substr(comma + 1));
        marks.remove_prefix(marks.find('}'));
        break;
      }
      default: break;
    }
  }
  return p;
}

// Splits at commas that stand in no brackets or braces.
std::vector<std::string_view> split_parameters(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' || text[i] == '[') ++depth;
    if (text[i] == '}' || text[i] == ']') --depth;
    if (text[i] == ',' && depth == 0) {
      out.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  if (begin < text.size()) out.push_back(trim(text.substr(begin)));
  return out;
}

Signature read_signature(std::string_view inside, std::string_view result) {
  Signature s;
  for (const auto part : split_parameters(inside)) s.parameters.push_back(read_parameter(part));
  for (const auto& p : s.parameters) {
    s.minimum += p.minimum;
    s.maximum += p.maximum;
    s.repeats = s.repeats || p.maximum > 1;
  }
  static constexpr std::pair<std::string_view, Result> kResults[] = {
      {"same", Result::same}, {"array_of_first", Result::array_of_first}, {"second", Result::second},
      {"type_first", Result::type_first}, {"type_second", Result::type_second}, {"type_last", Result::type_last},
      {"common", Result::common}, {"common_not_dynamic", Result::common_not_dynamic}, {"widest", Result::widest},
      {"first", Result::first}, {"custom", Result::custom}};
  if (const auto known = std::ranges::find_if(kResults, [&](const auto& r) { return r.first == result; }); known != std::end(kResults)) {
    s.result = known->second;
  } else if (result.starts_with("array")) {
    s.type = Type::dynamic;
    s.shape.kind = Shape::Kind::array;
    if (result.starts_with("array<") && !result.starts_with("array<array")) {
      s.shape.element = event::parse_kql_type(result.substr(6, result.size() - 7)).value_or(Type::dynamic);
    }
  } else if (result == "bag") {
    s.type = Type::dynamic;
    s.shape.kind = Shape::Kind::bag;
  } else {
    s.type = event::parse_kql_type(result).value_or(kUnknown);
  }
  return s;
}

const Entry* find_entry(CallKind kind, std::string_view name) {
  static const auto tables = [] {
    std::array<std::unordered_map<std::string_view, Entry>, 2> all;
    for (const auto line : language_signatures()) {
      const auto open = line.find('('), close = line.rfind(") -> ");
      auto& table = all[line[0] == 'F' ? 0 : 1];
      table[line.substr(2, open - 2)].signatures.push_back(read_signature(line.substr(open + 1, close - open - 1), line.substr(close + 5)));
    }
    return all;
  }();
  const auto& table = tables[kind == CallKind::function ? 0 : 1];
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

// ---- types

bool is_any_dynamic(const CallArgument& a) { return a.type == Type::dynamic && a.shape.kind == Shape::Kind::any; }

struct Common {
  Type type = kUnknown;
  Shape shape;
  bool empty = true;
};

bool promotes_to(const CallArgument& from, Type to) {
  if (to == Type::string) return is_any_dynamic(from);
  return from.type != Type::dynamic && promotes(from.type, to) && is_number(to);
}

enum class Conversion : std::uint8_t { none, promotable, dynamic };

bool assignable(Type to, const CallArgument& from, Conversion conversion) {
  if (from.is_type) return false;
  if (from.type == kUnknown || to == kUnknown) return true;
  if (to == Type::dynamic) return from.type == Type::dynamic || conversion >= Conversion::dynamic;
  if (from.type == to) return true;
  return conversion == Conversion::promotable && promotes_to(from, to);
}

// Widens `into`; false when there is no common type.
bool add_common(Common& into, const CallArgument& a, bool mixed_is_dynamic) {
  if (into.empty) {
    into = {a.type, a.shape, false};
    return true;
  }
  if (into.type == a.type && into.shape == a.shape) return true;
  if (into.type == kUnknown || a.type == kUnknown) {
    into = {kUnknown, {}, false};
    return true;
  }
  const CallArgument before{.type = into.type, .shape = into.shape};
  if (is_any_dynamic(before) || is_any_dynamic(a) || (before.type == Type::dynamic && a.type == Type::dynamic)) {
    into = {Type::dynamic, {}, false};
    return true;
  }
  if (promotes_to(before, a.type)) {
    into = {a.type, a.shape, false};
    return true;
  }
  if (promotes_to(a, into.type)) return true;
  // A dynamic that holds one value, beside a value of such a type.
  const auto inside = [](const CallArgument& x) { return x.type == Type::dynamic && x.shape.kind == Shape::Kind::value ? x.shape.element : x.type; };
  if ((before.type == Type::dynamic) != (a.type == Type::dynamic)) {
    const Type x = inside(before), y = inside(a);
    if (x != Type::dynamic && y != Type::dynamic && (x == y || wider(x, y))) {
      into = {Type::dynamic, {Shape::Kind::value, wider(x, y).value_or(x)}, false};
      return true;
    }
  }
  if (!mixed_is_dynamic) return false;
  into = {Type::dynamic, {}, false};
  return true;
}

// The common type of the arguments that ask for one; nothing when there is none.
std::optional<Common> common_type(std::span<const Parameter* const> parameters, std::span<const CallArgument> arguments, bool ignore_dynamic = false) {
  Common common;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Parameter* p = parameters[i];
    if (p == nullptr || (ignore_dynamic && arguments[i].type == Type::dynamic)) continue;
    const bool takes = p->kind == Kind::common || p->kind == Kind::common_or_dynamic ||
                       (p->kind == Kind::common_orderable && (is_orderable(arguments[i].type) || arguments[i].type == kUnknown));
    if (takes && !add_common(common, arguments[i], p->kind == Kind::common_or_dynamic)) return std::nullopt;
  }
  if (common.empty) {
    if (ignore_dynamic) return common_type(parameters, arguments, false);
    return std::nullopt;
  }
  return common;
}

// ---- which parameter an argument stands for

// How well an argument fits, worst first.
enum class Match : std::uint8_t { none, unknown, dynamic, promoted, not_type, one_of_many, scalar, summable, orderable, number, integer, tabular, exact };

Match match_of(const Parameter* p, const CallArgument& a, std::span<const Parameter* const> parameters, std::span<const CallArgument> arguments) {
  if (p == nullptr) return Match::exact;  // beyond the last parameter: counted, and refused by the number of arguments
  if (a.is_star) return p->star_allowed ? Match::exact : Match::none;
  if (a.type == kUnknown && !a.is_type) return Match::unknown;
  if (p->star_only) return Match::none;
  if (a.is_type) return p->kind == Kind::type ? Match::exact : p->kind == Kind::scalar ? Match::scalar : p->kind == Kind::not_dynamic ? Match::not_type : Match::none;
  const Type t = a.type;
  const auto when = [](bool holds, Match match) { return holds ? match : Match::none; };
  switch (p->kind) {
    case Kind::any: return Match::unknown;
    case Kind::type: return Match::none;
    case Kind::declared:
      if (assignable(p->type, a, Conversion::none)) return Match::exact;
      return when(assignable(p->type, a, Conversion::promotable), Match::promoted);
    case Kind::scalar: return Match::scalar;
    case Kind::integer: return when(is_integer(t), Match::integer);
    case Kind::string_or_dynamic: return when(t == Type::string || t == Type::dynamic, Match::one_of_many);
    case Kind::string_or_array:
      return when(t == Type::string || (t == Type::dynamic && (a.shape.kind == Shape::Kind::any || (a.shape.kind != Shape::Kind::bag && (a.shape.element == Type::string || (a.shape.element == Type::dynamic && a.shape.kind == Shape::Kind::array))))), Match::one_of_many);
    case Kind::integer_or_array:
      return when(is_integer(t) || (t == Type::dynamic && (a.shape.kind == Shape::Kind::any || (a.shape.kind != Shape::Kind::bag && (a.shape.element == Type::int64 || (a.shape.element == Type::dynamic && a.shape.kind == Shape::Kind::array))))), Match::one_of_many);
    case Kind::array: return when(t == Type::dynamic && (a.shape.kind == Shape::Kind::any || a.shape.kind == Shape::Kind::array), Match::one_of_many);
    case Kind::bag: return when(t == Type::dynamic && (a.shape.kind == Shape::Kind::any || a.shape.kind == Shape::Kind::bag), Match::one_of_many);
    case Kind::number: return when(is_number(t), Match::number);
    case Kind::number_or_bool: return when(is_number(t) || t == Type::boolean, Match::number);
    case Kind::summable: return when(is_summable(t), Match::summable);
    case Kind::orderable: return when(is_orderable(t), Match::orderable);
    case Kind::not_dynamic: return when(t != Type::dynamic, Match::not_type);
    case Kind::not_real_or_bool: return when(t != Type::real && t != Type::boolean, Match::not_type);
    case Kind::tabular: return Match::none;
    case Kind::common:
    case Kind::common_or_dynamic:
    case Kind::common_orderable: {
      const auto common = common_type(parameters, arguments);
      if (!common) return Match::none;
      if (common->type == t && common->shape == a.shape) return Match::exact;
      if (assignable(common->type, a, Conversion::none)) return Match::exact;
      if (assignable(common->type, a, Conversion::promotable)) return Match::promoted;
      if (assignable(common->type, a, Conversion::dynamic)) return Match::dynamic;
      return when(p->kind == Kind::common_or_dynamic && t == Type::dynamic, Match::exact);
    }
  }
  return Match::none;
}

std::vector<const Parameter*> lay_out(const Signature& s, std::span<const CallArgument> arguments) {
  std::vector<const Parameter*> out;
  const std::size_t count = arguments.size();
  if (!s.repeats) {
    for (std::size_t i = 0; i < count; ++i) out.push_back(i < s.parameters.size() ? &s.parameters[i] : nullptr);
    return out;
  }
  if (s.parameters.size() == 2 && s.parameters[1].name == "nulls_last") {  // a bool that stands last
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(&s.parameters[i > 0 && i + 1 == count && arguments[i].type == Type::boolean ? 1 : 0]);
    }
    return out;
  }
  std::size_t group = 0, first = s.parameters.size();
  for (std::size_t i = 0; i < s.parameters.size(); ++i) {
    if (s.parameters[i].maximum <= 1) continue;
    first = std::min(first, i);
    ++group;
  }
  if (group > 1) {  // parameters that repeat together
    const std::size_t after = s.parameters.size() - first - group;
    const std::size_t repeated = count > first + after ? count - first - after : 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i < first) out.push_back(&s.parameters[i]);
      else if (i < first + repeated) out.push_back(&s.parameters[first + (i - first) % group]);
      else if (first + group + (i - first - repeated) < s.parameters.size()) out.push_back(&s.parameters[first + group + (i - first - repeated)]);
      else out.push_back(nullptr);
    }
    return out;
  }
  std::size_t current = 0, taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= s.maximum) {
      out.push_back(nullptr);
      continue;
    }
    if (current + 1 < s.parameters.size() && taken >= s.parameters[current].maximum) {
      ++current;
      taken = 0;
    }
    const Parameter& p = s.parameters[current];
    if (taken < p.minimum || (taken == 0 && p.minimum == 0) || current + 1 == s.parameters.size()) {
      out.push_back(taken < p.maximum ? &p : nullptr);
      ++taken;
      continue;
    }
    const Parameter& next = s.parameters[current + 1];
    const Match here = match_of(&p, arguments[i], out, arguments.first(out.size())), there = match_of(&next, arguments[i], out, arguments.first(out.size()));
    if ((here >= there && here != Match::none) || there == Match::none) {
      out.push_back(&p);
      ++taken;
    } else {
      out.push_back(&next);
      ++current;
      taken = 1;
    }
  }
  return out;
}

bool right_count(const Signature& s, std::size_t count) {
  if (count < s.minimum || count > s.maximum) return false;
  std::size_t group = 0;
  for (const auto& p : s.parameters) group += p.maximum > 1 ? 1 : 0;
  return group < 2 || (count - (s.parameters.size() - group)) % group == 0;
}

// ---- choosing

struct Fit {
  const Signature* signature;
  std::vector<const Parameter*> parameters;
  std::size_t matches = 0;
  Match worst = Match::exact, best = Match::none;
};

Fit fit(const Signature& s, std::span<const CallArgument> arguments) {
  Fit f{.signature = &s, .parameters = lay_out(s, arguments)};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Match m = match_of(f.parameters[i], arguments[i], f.parameters, arguments);
    f.matches += m != Match::none ? 1 : 0;
    f.worst = std::min(f.worst, m);
    f.best = std::max(f.best, m);
  }
  return f;
}

int compare(const Fit& a, const Fit& b, std::size_t count) {
  if (a.matches == count && b.matches < count) return 1;
  if (a.worst != b.worst) return a.worst > b.worst ? 1 : -1;
  if (a.best != b.best) return a.best > b.best ? 1 : -1;
  return a.matches == b.matches ? 0 : a.matches > b.matches ? 1 : -1;
}

std::vector<Fit> best_fits(const std::vector<Signature>& signatures, std::span<const CallArgument> arguments) {
  std::vector<Fit> fits;
  if (signatures.size() == 1) return {fit(signatures[0], arguments)};
  const std::size_t count = arguments.size();
  std::size_t most = 0;
  for (const auto& s : signatures) {
    if (count >= s.minimum && count <= s.maximum) fits.push_back(fit(s, arguments));
    most = std::max(most, s.maximum);
  }
  if (fits.empty()) {
    for (const auto& s : signatures) {
      if (most >= s.minimum && most <= s.maximum) fits.push_back(fit(s, arguments));
    }
  }
  if (fits.size() < 2) return fits;
  std::size_t matches = 0;
  for (const auto& f : fits) matches = std::max(matches, f.matches);
  std::erase_if(fits, [&](const Fit& f) { return f.matches != matches; });
  if (fits.size() < 2) return fits;
  std::size_t best = 0;
  for (std::size_t i = 1; i < fits.size(); ++i) {
    const int order = compare(fits[i], fits[best], count);
    if (order == 0) return fits;
    if (order > 0) best = i;
  }
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (i != best && compare(fits[best], fits[i], count) <= 0) return fits;
  }
  return {std::move(fits[best])};
}

// ---- checking

void tell(CallVerdict& v, std::string_view code, Span where, std::string message) {
  if (v.ok) {
    v.ok = false;
    v.code = code;
    v.where = where;
    v.message = std::move(message);
  } else {
    v.more.push_back({{code, where}, std::move(message)});
  }
}

void tell_range(CallVerdict& v, std::string_view name, std::size_t minimum, std::size_t maximum, Span name_span) {
  if (minimum != maximum) tell(v, "KS120", name_span, fmt::format("The function '{}' expects between {} and {} arguments.", name, minimum, maximum));
  else if (maximum == 0) tell(v, "KS119", name_span, fmt::format("The function '{}' expects no arguments.", name));
  else tell(v, "KS119", name_span, fmt::format("The function '{}' expects {} argument{}.", name, maximum, maximum == 1 ? "" : "s"));
}

void check_argument(CallVerdict& v, const Fit& f, std::size_t i, std::span<const CallArgument> arguments) {
  const Parameter* p = f.parameters[i];
  const CallArgument& a = arguments[i];
  if (p == nullptr) return;
  if (a.is_star) {
    if (!p->star_allowed) tell(v, "KS191", a.span, "The * syntax is not allowed here.");
    return;
  }
  if (a.type == kUnknown && !a.is_type) return;
  const Match m = match_of(p, a, f.parameters, arguments);
  if (m == Match::none || (a.is_type && p->kind != Kind::type && p->kind != Kind::scalar)) {
    const auto wrong = [&](std::string_view code, std::string message) { tell(v, code, a.span, std::move(message)); };
    switch (p->kind) {
      case Kind::declared: wrong("KS107", fmt::format("A value of type {} expected.", type_name(p->type))); break;
      case Kind::type: wrong("KS107", "A value of type type expected."); break;
      case Kind::integer: wrong("KS134", "The expression value must be an integer."); break;
      case Kind::number: wrong("KS137", "The expression value must be a number."); break;
      case Kind::number_or_bool: wrong("KS137", "The expression value must be a number or boolean true/false."); break;
      case Kind::summable: wrong("KS138", "The argument value must be summable: a number, timespan or datetime."); break;
      case Kind::orderable: wrong("KS206", "The argument value must be orderable: a number, timespan, datetime, string or boolean."); break;
      case Kind::common_orderable: wrong("KS206", "The argument value must be orderable: a number, timespan, datetime, string or boolean."); break;
      case Kind::array: wrong("KS234", "The expression value must be a dynamic array."); break;
      case Kind::bag: wrong("KS235", "The expression must be a dynamic bag."); break;
      case Kind::string_or_dynamic: wrong("KS141", "The expression must have one of the types: string or dynamic."); break;
      case Kind::string_or_array: wrong("KS233", "The expression value must be a string or a dynamic array of strings."); break;
      case Kind::integer_or_array: wrong("KS136", "The expression value must be an integer or a dynamic array of integers."); break;
      case Kind::not_dynamic: wrong("KS116", "The value of type 'dynamic' is not allowed in this context."); break;
      case Kind::not_real_or_bool: wrong("KS116", fmt::format("The value of type '{}' is not allowed in this context.", type_name(a.type))); break;
      case Kind::tabular: wrong("KS111", "Tabular value expected."); break;
      case Kind::common:
      case Kind::common_or_dynamic: {
        const auto common = common_type(f.parameters, arguments);
        const Type wanted = common ? common->type : kUnknown;
        wrong("KS141", p->kind == Kind::common ? fmt::format("The expression must have the type {}.", type_name(wanted))
                                               : fmt::format("The expression must have one of the types: {} or dynamic.", type_name(wanted)));
        break;
      }
      case Kind::scalar:
      case Kind::any: break;
    }
  }
  if (m != Match::none && (p->kind == Kind::common || p->kind == Kind::common_orderable)) {
    const auto common = common_type(f.parameters, arguments);
    if (p->kind == Kind::common_orderable && !is_orderable(a.type)) {
      tell(v, "KS206", a.span, "The argument value must be orderable: a number, timespan, datetime, string or boolean.");
    } else if (common && !assignable(common->type, a, Conversion::promotable)) {
      tell(v, "KS141", a.span, fmt::format("The expression must have the type {}.", type_name(common->type)));
    }
  }
  if (p->column && !a.column) tell(v, "KS109", a.span, "Column name expected.");
  if (p->constant && !a.constant) tell(v, "KS129", a.span, "The expression must be a constant.");
  if (p->literal && !a.literal) {
    tell(v, "KS131", a.span, "The expression must be a literal.");
  } else if (p->literal && !p->values.empty() &&
             std::ranges::none_of(p->values, [&](std::string_view x) { return equal_ignoring_ascii_case(x, a.text); })) {
    std::string list;
    for (const auto x : p->values) list += (list.empty() ? "" : x == p->values.back() ? " or " : ", ") + std::string(x);
    tell(v, "KS140", a.span, "The expression must be one of the values: " + list);
  } else if (p->not_empty && a.literal && a.type == Type::string && a.text.empty()) {
    tell(v, "KS133", a.span, "The expression value must not be empty.");
  }
}

void check_fit(CallVerdict& v, const Fit& f, std::string_view name, std::span<const CallArgument> arguments, Span name_span) {
  const Signature& s = *f.signature;
  const std::size_t count = arguments.size();
  if (s.repeats ? !right_count(s, count) : (count < s.minimum || count > s.maximum)) {
    if (s.repeats) {
      if (count < s.minimum || count > s.maximum) {
        tell_range(v, name, s.minimum, s.maximum, name_span);
      } else {
        tell(v, "KS121", name_span, "The function call has an incorrect number of arguments.");
      }
    } else {
      tell_range(v, name, s.minimum, s.maximum, name_span);
      if (v.code == "KS120") v.code = "KS119";  // Kusto's code; its message names the greatest number only
    }
    return;
  }
  for (const Parameter* p : f.parameters) {
    if (p == nullptr || (p->kind != Kind::common && p->kind != Kind::common_or_dynamic && p->kind != Kind::common_orderable)) continue;
    if (!common_type(f.parameters, arguments)) {
      tell(v, "KS232", name_span, "No common type can be determined from the arguments.");
      return;
    }
    break;
  }
  for (std::size_t i = 0; i < count; ++i) check_argument(v, f, i, arguments);
}

struct Typed {
  Type type = kUnknown;
  Shape shape;
};

Typed result_of(const Fit& f, std::span<const CallArgument> arguments) {
  const Signature& s = *f.signature;
  const auto of = [&](std::size_t parameter) -> const CallArgument* {
    if (parameter >= s.parameters.size()) return nullptr;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (f.parameters[i] == &s.parameters[parameter]) return &arguments[i];
    }
    return nullptr;
  };
  const auto typed = [](const CallArgument* a) { return a != nullptr ? Typed{a->type, a->shape} : Typed{}; };
  switch (s.result) {
    case Result::declared: return {s.type, s.shape};
    case Result::same: return typed(of(0));
    case Result::first: {
      Typed t = typed(of(0));
      if (t.type == Type::int32) t.type = Type::int64;
      return t;
    }
    case Result::array_of_first: {
      const Typed t = typed(of(0));
      return {Type::dynamic, {Shape::Kind::array, t.type == kUnknown ? Type::dynamic : t.type == Type::int32 ? Type::int64 : t.type}};
    }
    case Result::second: return typed(of(1));
    case Result::type_first: return typed(of(0));
    case Result::type_second: return typed(of(1));
    case Result::type_last: return typed(of(s.parameters.size() - 1));
    case Result::common:
    case Result::common_not_dynamic: {
      const auto common = common_type(f.parameters, arguments, s.result == Result::common_not_dynamic);
      return common ? Typed{common->type, common->shape} : Typed{};
    }
    case Result::widest: {
      Typed t;
      for (const auto& a : arguments) {
        if (is_number(a.type)) t.type = t.type == kUnknown ? a.type : *wider(t.type, a.type);
      }
      if (t.type == Type::int32) t.type = Type::int64;
      return t;
    }
    case Result::custom: return {};
  }
  return {};
}

}  // namespace

bool in_language(CallKind kind, std::string_view name) { return find_entry(kind, name) != nullptr; }

CallVerdict check_call(CallKind kind, std::string_view name, std::span<const CallArgument> arguments, Span name_span) {
  CallVerdict v;
  const Entry* entry = find_entry(kind, name);
  if (entry == nullptr) return v;
  v.known = true;
  const auto fits = best_fits(entry->signatures, arguments);
  if (fits.size() == 1) {
    check_fit(v, fits[0], name, arguments, name_span);
  } else {
    std::size_t minimum = SIZE_MAX, maximum = 0;
    for (const auto& s : entry->signatures) {
      minimum = std::min(minimum, s.minimum);
      maximum = std::max(maximum, s.maximum);
    }
    if (arguments.empty() && minimum > 0) {
      tell_range(v, name, minimum, maximum, name_span);
    } else if (std::ranges::none_of(arguments, [](const CallArgument& a) { return a.type == kUnknown && !a.is_star && !a.is_type; })) {
      std::string types;
      for (const auto& a : arguments) types += (types.empty() ? "" : ", ") + std::string(a.is_type ? "type" : a.is_star ? "*" : type_name(a.type));
      tell(v, "KS127", name_span, fmt::format("The function '{}' is not compatible with arguments ({})", name, types));
    }
  }
  // One opinion, or none.
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const Typed t = result_of(fits[i], arguments);
    if (i > 0 && t.type != v.type) {
      v.type = kUnknown;
      v.shape = {};
      break;
    }
    v.type = t.type;
    v.shape = t.shape;
  }
  const bool any_unknown = std::ranges::any_of(arguments, [](const CallArgument& a) { return a.type == kUnknown && !a.is_star && !a.is_type; });
  v.undecided = any_unknown && v.type == kUnknown && std::ranges::none_of(fits, [](const Fit& f) { return f.signature->result == Result::custom; });
  return v;
}

}  // namespace yagura::kql
