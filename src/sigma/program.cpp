#include "sigma/program.hpp"

#include "base/text.hpp"
#include "sigma/case_fold.hpp"
#include "sigma/regex_literal.hpp"

namespace yagura::sigma {

std::uint32_t SlotTable::slot_of(std::string_view name) {
  const auto [known, fresh] = by_name_.emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
  if (!fresh) return known->second;
  names_.emplace_back(name);
  const auto id = event::intern_field(name);
  if (by_id_.size() <= id.number()) by_id_.resize(id.number() + 1, kNoSlot);
  by_id_[id.number()] = known->second;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
    if (dot + 1 < name.size())
      nested_[std::string(name.substr(0, dot))].push_back({known->second, std::string(name.substr(dot + 1))});
  return known->second;
}

namespace {

// Says all that matters of an item, so that equal items are found.
std::string key_of(const DetectionItem& item) {
  std::string key = item.field;
  const auto text = [&](std::string_view part) {
    key += fmt::format("\x1F{}:", part.size());
    key += part;
  };
  key += fmt::format("\x1E{}{}", item.all ? 1 : 0, item.negated ? 1 : 0);
  for (const auto& value : item.values) {
    key += '\x1D';
    for (const auto& test : value) {
      key += fmt::format("\x1C{}", test.index());
      if (const auto* t = std::get_if<TextTest>(&test)) {
        key += t->cased ? 'c' : 'i';
        for (const auto& part : t->pattern.parts()) {
          key += static_cast<char>('0' + static_cast<int>(part.piece));
          text(t->cased ? part.text : folded(part.text));
        }
      } else if (const auto* t = std::get_if<RegexTest>(&test)) {
        text(regex_text(*t));
      } else if (const auto* t = std::get_if<NetworkTest>(&test)) {
        key += fmt::format("{}{}/", t->is_v6 ? 6 : 4, t->prefix);
        key.append(reinterpret_cast<const char*>(t->address.data()), t->address.size());
      } else if (const auto* t = std::get_if<NumberTest>(&test)) {
        key += fmt::format("{},{},", static_cast<int>(t->comparison), static_cast<int>(t->part));
        std::visit(
            [&](auto n) {
              key += fmt::format("{}{}", sizeof n == 8 && std::is_integral_v<decltype(n)> ? 'i' : 'r', n);
            },
            t->number.value);
      } else if (const auto* t = std::get_if<ExistsTest>(&test)) {
        key += t->wanted ? '1' : '0';
      } else if (const auto* t = std::get_if<FieldTest>(&test)) {
        key += fmt::format("{}{}", static_cast<int>(t->part), t->cased ? 'c' : 'i');
        text(t->field);
      }
    }
  }
  return key;
}

CompiledTest compile_text(const TextTest& test) {
  CompiledTest compiled;
  compiled.cased = test.cased;
  const Pattern pattern = test.cased ? test.pattern : test.pattern.folded();
  const auto& parts = pattern.parts();
  using Piece = Pattern::Piece;
  const auto is_text = [&](std::size_t i) { return parts[i].piece == Piece::text; };
  const auto is_star = [&](std::size_t i) { return parts[i].piece == Piece::any_text; };
  if (parts.empty()) {
    compiled.kind = CompiledTest::Kind::equals;
  } else if (parts.size() == 1 && is_text(0)) {
    compiled.kind = CompiledTest::Kind::equals;
    compiled.text = parts[0].text;
  } else if (parts.size() == 1 && is_star(0)) {
    compiled.kind = CompiledTest::Kind::any_text;
  } else if (parts.size() == 2 && is_text(0) && is_star(1)) {
    compiled.kind = CompiledTest::Kind::starts;
    compiled.text = parts[0].text;
  } else if (parts.size() == 2 && is_star(0) && is_text(1)) {
    compiled.kind = CompiledTest::Kind::ends;
    compiled.text = parts[1].text;
  } else if (parts.size() == 3 && is_star(0) && is_text(1) && is_star(2)) {
    compiled.kind = CompiledTest::Kind::contains;
    compiled.text = parts[1].text;
  } else {
    compiled.kind = CompiledTest::Kind::wildcard;
    compiled.pattern = std::make_unique<Pattern>(pattern);
  }
  return compiled;
}

// `.{1000,}`, any text of some length, is a thousand states to RE2; counting is cheaper.
std::optional<std::size_t> length_of_run(std::string_view pattern) {
  if (!pattern.starts_with(".{") || !pattern.ends_with('}')) return std::nullopt;
  pattern = pattern.substr(2, pattern.size() - 3);
  if (pattern.ends_with(',')) pattern.remove_suffix(1);
  const auto count = parse_uint64(pattern);
  if (!count || *count == 0 || *count > 1'000) return std::nullopt;  // RE2 takes no more either
  return static_cast<std::size_t>(*count);
}

Result<CompiledTest> compile_test(const Test& test, SlotTable& slots) {
  if (const auto* t = std::get_if<TextTest>(&test)) return compile_text(*t);
  CompiledTest compiled;
  if (const auto* t = std::get_if<RegexTest>(&test)) {
    compiled.kind = CompiledTest::Kind::regex;
    RE2::Options options;
    options.set_log_errors(false);
    compiled.regex = std::make_unique<RE2>(regex_text(*t), options);
    if (!compiled.regex->ok())
      return fail(ErrorKind::invalid_input, "the regular expression '{}' cannot be used: {}", t->pattern,
                  compiled.regex->error());
    const auto needs = regex_needs(t->pattern);
    for (const auto& literal : needs.literals) compiled.literals.push_back(folded(literal));
    compiled.least_size = needs.least_size;
    if (const auto run = length_of_run(t->pattern)) {
      compiled.kind = CompiledTest::Kind::run;
      compiled.least_size = *run;
      compiled.wanted = t->dot_all;
      compiled.regex.reset();
    }
  } else if (const auto* t = std::get_if<NetworkTest>(&test)) {
    compiled.kind = CompiledTest::Kind::network;
    compiled.network = *t;
  } else if (const auto* t = std::get_if<NumberTest>(&test)) {
    compiled.kind = CompiledTest::Kind::number;
    compiled.number = *t;
  } else if (const auto* t = std::get_if<ExistsTest>(&test)) {
    compiled.kind = CompiledTest::Kind::exists;
    compiled.wanted = t->wanted;
  } else if (const auto* t = std::get_if<FieldTest>(&test)) {
    compiled.kind = CompiledTest::Kind::field;
    compiled.cased = t->cased;
    compiled.part = t->part;
    compiled.slot = slots.slot_of(t->field);
  } else {
    compiled.kind = CompiledTest::Kind::is_null;
  }
  return compiled;
}

}  // namespace

std::uint32_t ProgramBuilder::add_node(Node node) {
  program_.nodes.push_back(node);
  return static_cast<std::uint32_t>(program_.nodes.size() - 1);
}

std::uint32_t ProgramBuilder::join(std::vector<std::uint32_t> nodes, Node::Op op) {
  if (nodes.size() == 1) return nodes.front();
  const auto first = static_cast<std::uint32_t>(program_.children.size());
  program_.children.insert(program_.children.end(), nodes.begin(), nodes.end());
  return add_node({op, first, static_cast<std::uint32_t>(nodes.size()), 0});
}

Result<std::uint32_t> ProgramBuilder::add_item(const DetectionItem& item) {
  auto key = key_of(item);
  const auto known = known_items_.find(key);
  std::uint32_t number;
  if (known != known_items_.end()) {
    number = known->second;
  } else {
    CompiledItem compiled;
    compiled.slot = item.is_keyword() ? kEverySlot : program_.slots.slot_of(item.field);
    compiled.all = item.all && !item.negated;
    compiled.negated = item.negated;
    for (const auto& value : item.values) {
      for (const auto& test : value) compiled.tests.push_back(TRY(compile_test(test, program_.slots)));
      compiled.value_ends.push_back(static_cast<std::uint32_t>(compiled.tests.size()));
    }
    number = static_cast<std::uint32_t>(program_.items.size());
    program_.items.push_back(std::move(compiled));
    known_items_.emplace(std::move(key), number);
  }
  ++program_.items[number].references;
  return add_node({Node::Op::item, number, 0, 0});
}

Result<std::uint32_t> ProgramBuilder::add_detection(const Detection& detection) {
  if (detection.kind == Detection::Kind::item) return add_item(detection.item);
  std::vector<std::uint32_t> children;
  for (const auto& child : detection.children) children.push_back(TRY(add_detection(child)));
  return join(std::move(children), detection.kind == Detection::Kind::all_of ? Node::Op::all_of : Node::Op::any_of);
}

Result<std::uint32_t> ProgramBuilder::add_condition(const Condition& condition, const Detections& detections,
                                                    const std::vector<std::uint32_t>& identifiers) {
  const auto index_of = [&](const SearchIdentifier* one) {
    return static_cast<std::size_t>(one - detections.identifiers.data());
  };
  switch (condition.kind) {
    case Condition::Kind::identifier: {
      const auto* found = detections.find(condition.name, condition.scope);
      if (!found)
        return fail(ErrorKind::invalid_input, "the condition names '{}', but there is no such search identifier",
                    condition.name);
      return identifiers[index_of(found)];
    }
    case Condition::Kind::selector: {
      std::vector<std::uint32_t> chosen;
      for (const auto* one : selected(condition, detections.identifiers)) chosen.push_back(identifiers[index_of(one)]);
      if (chosen.empty())
        return fail(ErrorKind::invalid_input, "'{}' selects no search identifier", to_text(condition));
      if (condition.least == 0 || condition.least == chosen.size()) return join(std::move(chosen), Node::Op::all_of);
      if (condition.least == 1) return join(std::move(chosen), Node::Op::any_of);
      const auto first = static_cast<std::uint32_t>(program_.children.size());
      program_.children.insert(program_.children.end(), chosen.begin(), chosen.end());
      return add_node({Node::Op::at_least, first, static_cast<std::uint32_t>(chosen.size()), condition.least});
    }
    case Condition::Kind::negation:
      return add_node(
          {Node::Op::negation, TRY(add_condition(condition.children.front(), detections, identifiers)), 0, 0});
    default: {
      std::vector<std::uint32_t> children;
      for (const auto& child : condition.children)
        children.push_back(TRY(add_condition(child, detections, identifiers)));
      return join(std::move(children), condition.kind == Condition::Kind::all_of ? Node::Op::all_of : Node::Op::any_of);
    }
  }
}

Result<std::uint32_t> ProgramBuilder::add(const Detections& detections) {
  std::vector<std::uint32_t> identifiers;
  for (const auto& identifier : detections.identifiers) identifiers.push_back(TRY(add_detection(identifier.detection)));
  std::vector<std::uint32_t> conditions;
  for (const auto& condition : detections.conditions)
    conditions.push_back(TRY(add_condition(condition, detections, identifiers)));
  if (conditions.empty()) return fail(ErrorKind::invalid_input, "the rule has no condition");
  return join(std::move(conditions), Node::Op::any_of);
}

}  // namespace yagura::sigma
