// Law: the compiled matcher finds what the plain evaluator finds. The input is a rule's detection section and an event,
// both YAML, made from the fuzzer's bytes with a small vocabulary so that they often have something to do with each
// other.
#include <cstdio>
#include <cstdlib>

#include "sigma/rule_loader.hpp"
#include "sigma/rule_printer.hpp"
#include "sigma/rule_set.hpp"
#include "sigma/yaml_record.hpp"

using namespace yagura;
using namespace yagura::sigma;

namespace {

class Maker {
 public:
  Maker(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  unsigned pick(unsigned count) { return at_ < size_ ? data_[at_++] % count : 0; }

  std::string text() {
    static constexpr const char* kPieces[] = {"a", "b", "cmd", "\\", "*",  "?",   ".exe", " ",  "-",   "/",
                                              "É", "é", "A",   "1",  "10", "%a%", "\\\\", "\n", "x.y", "AB"};
    std::string result;
    for (unsigned n = pick(5); n > 0; --n) result += kPieces[pick(std::size(kPieces))];
    return result;
  }
  YamlNode value(bool event) {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    switch (pick(8)) {
      case 0: node.text = std::to_string(static_cast<int>(pick(30)) - 5); break;
      case 1: node.text = pick(2) ? "true" : "false"; break;
      case 2: node.text = "1.5"; break;
      case 3:
        if (pick(3) == 0) {
          node.kind = YamlNode::Kind::null;
          break;
        }
        [[fallthrough]];
      case 4:
        if (event && depth_ < 3) {
          ++depth_;
          const bool list = pick(2);
          node.kind = list ? YamlNode::Kind::list : YamlNode::Kind::map;
          for (unsigned n = pick(4); n > 0; --n) {
            if (list)
              node.items.push_back(value(true));
            else
              node.entries.emplace_back(quoted(field()), value(true));
          }
          --depth_;
          break;
        }
        [[fallthrough]];
      default: node.text = text(); node.quoted = true;
    }
    return node;
  }
  static YamlNode quoted(std::string text) {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.quoted = true;
    node.text = std::move(text);
    return node;
  }
  std::string field() {
    static constexpr const char* kFields[] = {"A", "B", "C", "A.B", "B.A.C", "C.A"};
    return kFields[pick(std::size(kFields))];
  }
  std::string modifiers() {
    static constexpr const char* kModifiers[] = {"",
                                                 "",
                                                 "|contains",
                                                 "|startswith",
                                                 "|endswith",
                                                 "|contains|all",
                                                 "|all",
                                                 "|cased",
                                                 "|contains|cased",
                                                 "|re",
                                                 "|re|i",
                                                 "|exists",
                                                 "|neq",
                                                 "|gt",
                                                 "|lte",
                                                 "|windash",
                                                 "|fieldref",
                                                 "|base64offset",
                                                 "|wide|base64",
                                                 "|contains|windash",
                                                 "|cidr",
                                                 "|expand"};
    return kModifiers[pick(std::size(kModifiers))];
  }
  YamlNode map(unsigned most) {
    YamlNode node;
    node.kind = YamlNode::Kind::map;
    for (unsigned n = 1 + pick(most); n > 0; --n) {
      const std::string key = (pick(8) == 0 ? std::string() : field()) + modifiers();
      if (node.find(key)) continue;
      YamlNode values = value(false);
      if (pick(2)) {
        YamlNode list;
        list.kind = YamlNode::Kind::list;
        list.items.push_back(std::move(values));
        for (unsigned more = pick(3); more > 0; --more) list.items.push_back(value(false));
        values = std::move(list);
      }
      node.entries.emplace_back(quoted(key), std::move(values));
    }
    return node;
  }
  YamlNode identifier() {
    if (pick(3) != 0) return map(3);
    YamlNode list;
    list.kind = YamlNode::Kind::list;
    for (unsigned n = 1 + pick(3); n > 0; --n) list.items.push_back(pick(2) ? map(2) : quoted(text()));
    return list;
  }
  std::string condition(int depth) {
    static constexpr const char* kNames[] = {"s0", "s1", "s2"};
    static constexpr const char* kSelectors[] = {"1 of s*", "all of s*", "2 of them", "1 of them"};
    switch (depth > 4 ? 0 : pick(6)) {
      case 1: return "not " + condition(depth + 1);
      case 2: return "(" + condition(depth + 1) + " and " + condition(depth + 1) + ")";
      case 3: return "(" + condition(depth + 1) + " or " + condition(depth + 1) + ")";
      case 4: return kSelectors[pick(4)];
      default: return kNames[pick(3)];
    }
  }

 private:
  const unsigned char* data_;
  std::size_t size_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  Maker maker(data, size);
  YamlNode rule;
  std::string text;
  for (int r = 0; r < 3; ++r) {
    YamlNode document, detection, source;
    document.kind = detection.kind = source.kind = YamlNode::Kind::map;
    for (const char* name : {"s0", "s1", "s2"}) detection.entries.emplace_back(Maker::quoted(name), maker.identifier());
    detection.entries.emplace_back(Maker::quoted("condition"), Maker::quoted(maker.condition(0)));
    source.entries.emplace_back(Maker::quoted("category"), Maker::quoted("test"));
    document.entries.emplace_back(Maker::quoted("title"), Maker::quoted("T" + std::to_string(r)));
    document.entries.emplace_back(Maker::quoted("logsource"), source);
    document.entries.emplace_back(Maker::quoted("detection"), detection);
    text += "---\n" + print_yaml(document);
  }
  RuleCollection rules;
  Problems problems;
  load_rules(text, "fuzz", {{{"a", {"x", "y*", "cmd.exe"}}}}, rules, problems);
  if (rules.rules.empty()) return 0;
  const auto set = RuleSet::compile(std::move(rules), {.route_by_log_source = false}, problems);
  const auto scratch = set->make_scratch();
  event::RecordBatch batch;
  for (int i = 0; i < 4 && (i == 0 || !maker.empty()); ++i) {
    YamlNode event;
    event.kind = YamlNode::Kind::map;
    for (unsigned n = maker.pick(5); n > 0; --n)
      event.entries.emplace_back(Maker::quoted(maker.field()), maker.value(true));
    add_yaml_record(batch, event);
  }
  std::vector<Match> found, wanted;
  set->match(batch, *scratch, found);
  for (std::uint32_t r = 0; r < batch.size(); ++r)
    for (std::uint32_t n = 0; n < set->rules().size(); ++n)
      if (evaluate(set->rules()[n].detections, batch[r])) wanted.push_back({r, n});
  if (found != wanted) {
    std::fprintf(stderr, "the matcher found %zu, the plain evaluator %zu\n%s\n", found.size(), wanted.size(),
                 text.c_str());
    for (std::uint32_t r = 0; r < batch.size(); ++r) {
      std::fprintf(stderr, "--- event\n%s\n", to_text(batch[r]).c_str());
      for (std::uint32_t n = 0; n < set->rules().size(); ++n)
        std::fprintf(stderr, "%s\n", set->explain(n, batch[r]).to_text().c_str());
    }
    std::abort();
  }
  return 0;
}
