#include "kql/syntax_tree.hpp"

#include <array>
#include <bit>
#include <charconv>

#include "base/time.hpp"
#include "kql/literal_text.hpp"
#include "kql/syntax_tree_fields.hpp"

namespace yagura::kql {
namespace {

// --- children

struct Children {
  void* context;
  void (*call)(void*, const Node&);

  template <class T>
  void operator()(const char*, const T& field) const {
    take(field);
  }
  template <SyntaxNodePointer T>
  void take(const T& node) const {
    if (node != nullptr) call(context, *node);
  }
  template <class T, std::size_t N>
  void take(const std::span<T, N>& list) const {
    for (const auto& item : list) take(item);
  }
  template <class T>
  void take(const std::optional<T>& part) const {
    if (part) take(*part);
  }
  template <SyntaxPart T>
  void take(const T& part) const {
    fields(part, *this);
  }
  template <class T>
  void take(const T&) const {}
};

// --- equality

bool equal_nodes(const Node& a, const Node& b);

template <class T>
struct IsSpan : std::false_type {};
template <class T, std::size_t N>
struct IsSpan<std::span<T, N>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
bool same_fields(const T& a, const T& b);

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, Name>) {
    return a.text == b.text && a.braced == b.braced && a.wildcard == b.wildcard && a.missing == b.missing;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  } else if constexpr (SyntaxNodePointer<T>) {
    return a == nullptr || b == nullptr ? a == b : equal_nodes(*a, *b);
  } else if constexpr (IsSpan<T>::value) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!same(a[i], b[i])) return false;
    }
    return true;
  } else if constexpr (IsOptional<T>::value) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (SyntaxPart<T>) {
    return same_fields(a, b);
  } else {
    return a == b;
  }
}

template <class T>
bool same_fields(const T& a, const T& b) {
  // The second walk compares each field with the one of the same place in the first.
  bool equal = true;
  std::array<const void*, 16> of_a{};
  std::size_t count = 0;
  fields(a, [&](const char*, const auto& field) { of_a[count++] = &field; });
  std::size_t next = 0;
  fields(b, [&](const char*, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    equal = equal && same(*static_cast<const Field*>(of_a[next]), field);
    ++next;
  });
  return equal && next == count;
}

bool equal_nodes(const Node& a, const Node& b) {
  if (a.kind != b.kind) return false;
  return visit(a, [&](const auto& typed) {
    using T = std::remove_cvref_t<decltype(typed)>;
    // Which fields MakeSeriesOperator has depends on one of them.
    if constexpr (std::is_same_v<T, MakeSeriesOperator>) {
      if (typed.in_range != static_cast<const T&>(b).in_range) return false;
    }
    return same_fields(typed, static_cast<const T&>(b));
  });
}

// --- listing

struct Lister {
  std::string& out;
  int depth;

  void line(const char* name, std::string_view value) const {
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
    out += name;
    out += ": ";
    out += value;
    out += '\n';
  }
  template <class T>
  void operator()(const char* name, const T& field) const {
    take(name, field);
  }
  void take(const char* name, bool value) const {
    if (value) line(name, "true");
  }
  void take(const char* name, const Name& value) const {
    std::string text(value.missing ? "(missing)" : value.text);
    if (value.bracketed) text += " bracketed";
    if (value.braced) text += " braced";
    if (value.wildcard) text += " wildcard";
    line(name, text);
  }
  void take(const char* name, std::string_view value) const {
    if (!value.empty()) line(name, encode_string_literal(value));
  }
  void take(const char* name, event::KqlType type) const { line(name, to_string(type)); }
  void take(const char* name, BinaryOperator op) const { line(name, to_string(op)); }
  void take(const char* name, InOperator op) const { line(name, to_string(op)); }
  void take(const char* name, UnaryOperator op) const { line(name, op == UnaryOperator::plus ? "+" : "-"); }
  void take(const char* name, const Guid& guid) const {
    if (guid != Guid{}) line(name, to_string(guid));
  }
  void take(const char* name, std::int64_t value) const {
    if (value != 0) line(name, std::to_string(value));
  }
  void take(const char* name, double value) const {
    std::array<char, 64> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    if (value != 0) line(name, {buffer.data(), static_cast<std::size_t>(end - buffer.data())});
  }
  template <class T>
    requires std::is_enum_v<T>
  void take(const char* name, T value) const {
    if (value != T{}) line(name, std::to_string(static_cast<int>(value)));
  }
  template <SyntaxNodePointer T>
  void take(const char* name, const T& node) const {
    if (node != nullptr) list(name, *node);
  }
  template <class T, std::size_t N>
  void take(const char* name, const std::span<T, N>& items) const {
    for (const auto& item : items) take(name, item);
  }
  template <class T>
  void take(const char* name, const std::optional<T>& part) const {
    if (part) take(name, *part);
  }
  template <SyntaxPart T>
  void take(const char* name, const T& part) const {
    const auto before = out.size();
    line(name, "");
    const auto header = out.size();
    fields(part, Lister{out, depth + 1});
    if (out.size() == header) out.resize(before);
  }
  void list(const char* name, const Node& node) const {
    if (*name != '\0') {
      line(name, to_string(node.kind));
    } else {
      out.append(static_cast<std::size_t>(depth) * 2, ' ');
      out += to_string(node.kind);
      out += '\n';
    }
    const Lister below{out, depth + 1};
    if (const auto* literal = as<Literal>(&node)) {
      below.literal(*literal);
    } else {
      visit(node, [&](const auto& typed) { fields(typed, below); });
    }
  }
  void literal(const Literal& value) const {
    using event::KqlType;
    if (value.token) return line("word", value.text);
    std::string text(to_string(value.type));
    text += ' ';
    if (value.is_null) {
      text += "null";
    } else if (!value.valid) {
      text += value.placeholder ? "placeholder " + std::string(value.text) : "invalid";
    } else {
      switch (value.type) {
        case KqlType::boolean: text += value.boolean ? "true" : "false"; break;
        case KqlType::int32:
        case KqlType::int64: text += std::to_string(value.integer); break;
        case KqlType::datetime: text += format_datetime(value.integer); break;
        case KqlType::timespan: text += std::to_string(value.integer) + " ticks"; break;
        case KqlType::guid: text += to_string(value.guid); break;
        case KqlType::string: text += encode_string_literal(value.text); break;
        case KqlType::real: {
          std::array<char, 64> buffer;
          const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.real).ptr;
          text.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
          break;
        }
        default: text += value.text;
      }
    }
    if (value.obfuscated) text += " obfuscated";
    line("value", text);
  }
};

}  // namespace

std::string_view to_string(NodeKind kind) {
  switch (kind) {
#define X(type, name) \
  case NodeKind::name: return #type;
    YAGURA_KQL_EXPRESSION_NODES(X)
    YAGURA_KQL_OPERATOR_NODES(X)
    YAGURA_KQL_STATEMENT_NODES(X)
#undef X
  }
  return "?";
}

std::string_view to_string(BinaryOperator op) {
  constexpr auto kTexts = std::to_array<std::string_view>({"*",
                                                           "/",
                                                           "%",
                                                           "+",
                                                           "-",
                                                           "<",
                                                           "<=",
                                                           ">",
                                                           ">=",
                                                           "==",
                                                           "!=",
                                                           "=~",
                                                           "!~",
                                                           "has",
                                                           "!has",
                                                           "has_cs",
                                                           "!has_cs",
                                                           "hasprefix",
                                                           "!hasprefix",
                                                           "hasprefix_cs",
                                                           "!hasprefix_cs",
                                                           "hassuffix",
                                                           "!hassuffix",
                                                           "hassuffix_cs",
                                                           "!hassuffix_cs",
                                                           "contains",
                                                           "!contains",
                                                           "contains_cs",
                                                           "!contains_cs",
                                                           "startswith",
                                                           "!startswith",
                                                           "startswith_cs",
                                                           "!startswith_cs",
                                                           "endswith",
                                                           "!endswith",
                                                           "endswith_cs",
                                                           "!endswith_cs",
                                                           "like",
                                                           "notlike",
                                                           "likecs",
                                                           "notlikecs",
                                                           "matches regex",
                                                           ":"});
  static_assert(kTexts.size() == static_cast<std::size_t>(BinaryOperator::search_colon) + 1);
  return kTexts[static_cast<std::size_t>(op)];
}

std::string_view to_string(InOperator op) {
  constexpr auto kTexts = std::to_array<std::string_view>({"in", "!in", "in~", "!in~", "has_any", "has_all"});
  return kTexts[static_cast<std::size_t>(op)];
}

void for_each_child(const Node& node, void* context, void (*call)(void* context, const Node& child)) {
  visit(node, [&](const auto& typed) { fields(typed, Children{context, call}); });
}

bool equal(const SyntaxTree& a, const SyntaxTree& b) {
  if (a.statements.size() != b.statements.size()) return false;
  for (std::size_t i = 0; i < a.statements.size(); ++i) {
    if (!equal_nodes(*a.statements[i], *b.statements[i])) return false;
  }
  return true;
}

std::string to_text(const SyntaxTree& tree) {
  std::string out;
  for (const auto* statement : tree.statements) Lister{out, 0}.list("", *statement);
  return out;
}

}  // namespace yagura::kql
