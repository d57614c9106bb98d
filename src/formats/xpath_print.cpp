// Tree to text, the event ids a tree can be true for, and structured queries.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <pugixml.hpp>

#include "base/text.hpp"
#include "formats/xpath_tree.hpp"

namespace yagura::formats {

using namespace xpath;

namespace {

void print(std::string& out, const Step& step);

void print(std::string& out, const std::variant<Literal, Number>& constant) {
  if (const auto* number = std::get_if<Number>(&constant)) {
    out += number->text;
    return;
  }
  // A text came in one kind of quotes, so it does not hold that one.
  const auto& text = std::get<Literal>(constant).text;
  const char quote = text.find('\'') == std::string::npos ? '\'' : '"';
  out += quote;
  out += text;
  out += quote;
}

void print(std::string& out, const Operand& operand) {
  if (std::holds_alternative<Position>(operand)) {
    out += "position()";
    return;
  }
  if (const auto* difference = std::get_if<TimeDifference>(&operand)) {
    out += "timediff(";
    if (difference->first)
      print(out, *difference->first);
    else
      out += difference->number->text;
    if (difference->second || (difference->first && difference->number)) {
      out += ", ";
      if (difference->second)
        print(out, *difference->second);
      else
        out += difference->number->text;
    }
    out += ')';
    return;
  }
  print(out, *std::get<std::shared_ptr<const Step>>(operand));
}

std::string_view spelling(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal: return "=";
    case Comparison::not_equal: return "!=";
    case Comparison::less: return " < ";
    case Comparison::less_equal: return " <= ";
    case Comparison::greater: return " > ";
    case Comparison::greater_equal: return " >= ";
  }
  return {};
}

void print(std::string& out, const Expression& expression, bool inside_all) {
  switch (expression.kind) {
    case Expression::Kind::all:
    case Expression::Kind::any: {
      const bool is_any = expression.kind == Expression::Kind::any;
      if (is_any && inside_all) out += '(';
      for (std::size_t i = 0; i < expression.parts.size(); ++i) {
        if (i > 0) out += is_any ? " or " : " and ";
        print(out, expression.parts[i], !is_any);
      }
      if (is_any && inside_all) out += ')';
      return;
    }
    case Expression::Kind::position: out += std::to_string(expression.position); return;
    case Expression::Kind::exists: print(out, *expression.path); return;
    case Expression::Kind::band:
      out += "band(";
      print(out, *expression.path);
      out += fmt::format(", {})", expression.bits);
      return;
    case Expression::Kind::compare:
      print(out, expression.left);
      out += spelling(expression.comparison);
      print(out, expression.right);
      return;
  }
}

void print(std::string& out, const Step& step) {
  for (const Step* one = &step; one != nullptr; one = one->next.get()) {
    if (one != &step) out += '/';
    if (one->is_attribute) out += '@';
    out += one->name;
    for (const auto& predicate : one->predicates) {
      out += '[';
      print(out, predicate, false);
      out += ']';
    }
  }
}

// Which event ids an expression leaves possible. `at`: where its paths begin.
enum class Place : std::uint8_t { event, system, elsewhere };
using Ranges = XPathFilter::Ranges;
using Ids = std::optional<Ranges>;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min(),
                       kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMostRanges = 1'024;

Ranges sorted(Ranges ranges) {
  std::ranges::sort(ranges);
  Ranges out;
  for (const auto& [first, last] : ranges) {
    if (first > last) continue;
    if (!out.empty() && (out.back().second == kMost || first <= out.back().second + 1))
      out.back().second = std::max(out.back().second, last);
    else
      out.emplace_back(first, last);
  }
  return out;
}

Ids both(Ids a, Ids b) {
  if (!a) return b;
  if (!b) return a;
  Ranges out;
  for (const auto& one : *a)
    for (const auto& other : *b) {
      const auto first = std::max(one.first, other.first), last = std::min(one.second, other.second);
      if (first <= last) out.emplace_back(first, last);
      if (out.size() > kMostRanges) return std::nullopt;
    }
  return sorted(std::move(out));
}

Ids ids_of(const Expression& expression, Place place);

// Of a path that has to exist, with what is asked of its end.
Ids ids_of_path(const Step& step, Place place, const Expression* compared) {
  if (step.is_attribute) return std::nullopt;
  Ids ids;
  if (place == Place::event && step.name == "System") {
    for (const auto& predicate : step.predicates) ids = both(std::move(ids), ids_of(predicate, Place::system));
    if (step.next) ids = both(std::move(ids), ids_of_path(*step.next, Place::system, compared));
    return ids;
  }
  if (place != Place::system || step.name != "EventID" || step.next || compared == nullptr) return std::nullopt;
  const auto* number = std::get_if<Number>(&compared->right);
  const auto* literal = std::get_if<Literal>(&compared->right);
  long double value;
  if (number != nullptr)
    value = number->value;
  else if (literal->number)
    value = *literal->number;
  else
    return std::nullopt;
  if (value < -1.0e9L || value > 1.0e12L || value != static_cast<long double>(static_cast<std::int64_t>(value)))
    return std::nullopt;
  const auto whole = static_cast<std::int64_t>(value);
  switch (compared->comparison) {
    case Comparison::equal: return Ranges{{whole, whole}};
    case Comparison::less: return Ranges{{kLeast, whole - 1}};
    case Comparison::less_equal: return Ranges{{kLeast, whole}};
    case Comparison::greater: return Ranges{{whole + 1, kMost}};
    case Comparison::greater_equal: return Ranges{{whole, kMost}};
    default: return std::nullopt;
  }
}

Ids ids_of(const Expression& expression, Place place) {
  switch (expression.kind) {
    case Expression::Kind::all: {
      Ids ids;
      for (const auto& part : expression.parts) ids = both(std::move(ids), ids_of(part, place));
      return ids;
    }
    case Expression::Kind::any: {
      Ranges all;
      for (const auto& part : expression.parts) {
        auto ids = ids_of(part, place);
        if (!ids) return std::nullopt;
        all.insert(all.end(), ids->begin(), ids->end());
        if (all.size() > kMostRanges) return std::nullopt;
      }
      return sorted(std::move(all));
    }
    case Expression::Kind::exists: return ids_of_path(*expression.path, place, nullptr);
    case Expression::Kind::compare:
      if (const auto* path = std::get_if<std::shared_ptr<const Step>>(&expression.left))
        return ids_of_path(**path, place, &expression);
      return std::nullopt;
    default: return std::nullopt;
  }
}

constexpr std::size_t kMostXml = 1 << 20;
constexpr std::size_t kMostSelectors = 1'024;

std::string place_in(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", std::ranges::count(before, '\n') + 1,
                     utf8::code_points(before.substr(start)) + 1);
}

}  // namespace

std::string XPathFilter::text() const {
  std::string out;
  print(out, *root_);
  return out;
}

std::optional<XPathFilter::Ranges> XPathFilter::event_ids() const {
  Ids ids;
  for (const auto& predicate : root_->predicates) ids = both(std::move(ids), ids_of(predicate, Place::event));
  if (root_->next) ids = both(std::move(ids), ids_of_path(*root_->next, Place::event, nullptr));
  return ids;
}

Result<QueryList> parse_query_list(std::string_view xml) {
  if (xml.size() > kMostXml) return fail(ErrorKind::invalid_input, "a query list of more than 1 MiB");
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return fail(ErrorKind::invalid_input, "{}: not well-formed XML: {}",
                place_in(xml, static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0))),
                parsed.description());
  const auto root = document.document_element();
  const auto at = [&](const pugi::xml_node& node) {
    return place_in(xml, static_cast<std::size_t>(std::max<std::ptrdiff_t>(node.offset_debug(), 0)));
  };
  if (std::string_view(root.name()) != "QueryList")
    return fail(ErrorKind::invalid_input, "{}: expected <QueryList>, found <{}>", at(root), root.name());
  QueryList list;
  std::size_t selectors = 0;
  for (const auto& node : root.children()) {
    if (node.type() != pugi::node_element) continue;
    if (std::string_view(node.name()) != "Query")
      return fail(ErrorKind::invalid_input, "{}: expected <Query>, found <{}>", at(node), node.name());
    QueryList::Query query{node.attribute("Id").value(), {}, {}};
    for (const auto& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      const std::string_view name = child.name();
      if (name != "Select" && name != "Suppress")
        return fail(ErrorKind::invalid_input, "{}: expected <Select> or <Suppress>, found <{}>", at(child), name);
      if (++selectors > kMostSelectors)
        return fail(ErrorKind::invalid_input, "{}: more than 1,024 selectors", at(child));
      std::string_view path = child.attribute("Path").value();
      if (path.empty()) path = node.attribute("Path").value();
      if (path.empty())
        return fail(ErrorKind::invalid_input, "{}: <{}> names no channel: it wants a Path", at(child), name);
      auto filter = XPathFilter::parse(trim(child.text().get()));
      if (!filter)
        return fail(ErrorKind::invalid_input, "{}: {} of its query: {}", at(child), name, filter.error().message());
      (name == "Select" ? query.select : query.suppress).push_back({std::string(path), std::move(*filter)});
    }
    if (query.select.empty())
      return fail(ErrorKind::invalid_input, "{}: a <Query> without any <Select> chooses nothing", at(node));
    list.queries.push_back(std::move(query));
  }
  if (list.queries.empty()) return fail(ErrorKind::invalid_input, "{}: a query list without any <Query>", at(root));
  return list;
}

}  // namespace yagura::formats
