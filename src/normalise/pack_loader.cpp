// Reads device packs: YAML -> detail::Pack. The language is described in docs/adding/device.md.
#include "normalise/pack_loader.hpp"

#include "base/file.hpp"
#include "base/settings.hpp"
#include "base/text.hpp"

namespace yagura::normalise::detail {

namespace {

class Loader {
 public:
  explicit Loader(const SettingsNode& root) : root_(root) {}

  std::unique_ptr<Pack> load() {
    auto pack = std::make_unique<Pack>();
    pack->name = root_.get("pack", "");
    pack->where = root_.where();
    if (pack->name.empty()) root_.error("a pack needs a name: 'pack: acme_firewall'");
    pack->aliases = root_.get_list("aliases");
    pack->extends = root_.get_list("extends");
    pack->table = root_.get("table", "");
    pack->priority = static_cast<int>(root_.get("priority", 0, {.min = -100, .max = 100}));
    pack->utc_offset = std::chrono::minutes(root_.get("utc_offset", 0, {.min = -1440, .max = 1440}));
    if (const auto vendor = root_.get("vendor", ""); !vendor.empty())
      pack->constants.emplace_back(event::intern_field("DeviceVendor"), vendor);
    if (const auto product = root_.get("product", ""); !product.empty())
      pack->constants.emplace_back(event::intern_field("DeviceProduct"), product);
    const auto source = root_.child("log_source");
    pack->product = source.get("product", "");
    pack->category = source.get("category", "");
    pack->service = source.get("service", "");
    root_.get("description", "");
    for (const auto& [name, node] : root_.child("patterns").entries()) patterns_[name] = node.text();
    for (const auto& node : root_.child("match").items()) pack->matches.push_back(match(node));
    pack->steps = steps(root_.child("steps"));
    root_.report_unknown_keys();
    return pack;
  }

 private:
  Match match(const SettingsNode& node) {
    Match out;
    out.message = node.get_list("message");
    out.app = node.get_list("app");
    out.vendor = node.get_list("vendor");
    out.product = node.get_list("product");
    for (const auto& name : node.get_list("fields")) out.fields.push_back(event::intern_field(name));
    out.conditions = conditions(node.child("when"));
    if (out.message.empty() && out.app.empty() && out.vendor.empty() && out.product.empty() && out.fields.empty() &&
        out.conditions.empty())
      node.error("a match needs at least one of message, app, vendor, product, fields, when");
    return out;
  }

  Reference reference(std::string_view text, const SettingsNode& node) {
    Reference out;
    out.text = text;
    if (text == "@raw") {
      out.is_raw = true;
      return out;
    }
    std::size_t at = std::min(text.find('['), text.size());
    out.field = event::intern_field(text.substr(0, at));
    if (const auto dot = text.substr(0, at).find('.'); dot != std::string_view::npos && dot > 0) {
      out.root = event::intern_field(text.substr(0, dot));
      out.below_root = text.substr(dot + 1, at - dot - 1);
    }
    while (at < text.size()) {
      Reference::Part part;
      if (text[at] == '[') {
        const auto close = text.find(']', at);
        if (close == std::string_view::npos) {
          node.error(fmt::format("'{}' has a '[' without its ']'", text));
          return out;
        }
        const std::string_view inside = text.substr(at + 1, close - at - 1);
        if (inside.empty()) {
          part.kind = Reference::Part::Kind::first;
        } else if (const auto number = parse_uint64(inside)) {
          part.kind = Reference::Part::Kind::index;
          part.index = *number;
        } else if (const auto equals = inside.find('='); equals != std::string_view::npos) {
          part.kind = Reference::Part::Kind::selected;
          part.name = inside.substr(0, equals);
          part.value = inside.substr(equals + 1);
        } else {
          node.error(fmt::format("'[{}]' in '{}' is neither a number, nor name=value, nor empty", inside, text));
        }
        at = close + 1;
      } else {
        if (text[at] == '.') ++at;
        const auto end = std::min(text.find('[', at), text.size());
        part.kind = Reference::Part::Kind::member;
        part.name = text.substr(at, end - at);
        at = end;
      }
      out.parts.push_back(std::move(part));
    }
    return out;
  }

  // {field: value | [values] | "~regex" | "!~regex" | "*" | "!" | "!value"}
  std::vector<Condition> conditions(const SettingsNode& node) {
    std::vector<Condition> out;
    for (const auto& [name, value] : node.entries()) {
      Condition condition;
      condition.field = reference(name, value);
      if (value.is_list()) {
        condition.kind = Condition::Kind::equals;
        for (const auto& item : value.items()) condition.values.push_back(item.text());
      } else {
        std::string text = value.text();
        if (text == "*") {
          condition.kind = Condition::Kind::exists;
        } else if (text == "!") {
          condition.kind = Condition::Kind::absent;
        } else if (text.starts_with("~") || text.starts_with("!~")) {
          condition.kind = text.front() == '~' ? Condition::Kind::matches : Condition::Kind::matches_not;
          condition.pattern = regex(text.substr(text.front() == '~' ? 1 : 2), value);
          if (condition.pattern) condition.fast = std::make_unique<FastRegex>(condition.pattern->pattern());
        } else if (text.starts_with("!")) {
          condition.kind = Condition::Kind::differs;
          condition.values.push_back(text.substr(1));
        } else {
          condition.kind = Condition::Kind::equals;
          condition.values.push_back(std::move(text));
        }
      }
      out.push_back(std::move(condition));
    }
    return out;
  }

  std::unique_ptr<re2::RE2> regex(const std::string& text, const SettingsNode& node) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    auto out = std::make_unique<re2::RE2>(text, options);
    if (!out->ok()) node.error(fmt::format("'{}': {}", text, out->error()));
    return out;
  }

  Assignment target(const std::string& name) {
    Assignment out;
    std::string bare = name;
    if (bare.ends_with('!')) {  // "user.name!": replaces what was found before
      out.overrides = true;
      bare.pop_back();
    }
    out.name = bare;
    out.target = event::intern_field(bare);
    out.name = bare;
    out.type = ecs_type(bare);
    out.is_time = out.type == EcsType::time;
    if (bare == "user.name" || bare.ends_with(".user.name") || bare == "user.target.name") {
      out.is_account = true;
      out.domain = event::intern_field(bare.substr(0, bare.size() - 4) + "domain");
    }
    return out;
  }

  static std::vector<std::pair<std::string, std::optional<std::string>>> pieces_of(std::string_view text) {
    std::vector<std::pair<std::string, std::optional<std::string>>> out;
    while (!text.empty()) {
      const auto open = text.find("%{");
      const auto close = open == std::string_view::npos ? open : text.find('}', open);
      if (close == std::string_view::npos) {
        out.emplace_back(std::string(text), std::nullopt);
        break;
      }
      out.emplace_back(std::string(text.substr(0, open)), std::string(text.substr(open + 2, close - open - 2)));
      text.remove_prefix(close + 1);
    }
    return out;
  }

  // name: field | [fields] | "=constant" | "text %{field} text" | {from: .., value: .., template: .., operations, when:
  // ..}
  Assignment assignment(const std::string& name, const SettingsNode& node) {
    Assignment out = target(name);
    const auto from_text = [&](const std::string& text, const SettingsNode& where) {
      if (text.starts_with('='))
        out.constant = text.substr(1);
      else if (text.find("%{") != std::string::npos)
        for (auto& [literal, field] : pieces_of(text))
          out.pieces.push_back({std::move(literal), field ? std::optional(reference(*field, where)) : std::nullopt});
      else
        out.from.push_back(reference(text, where));
    };
    if (node.is_list()) {
      for (const auto& item : node.items()) out.from.push_back(reference(item.text(), item));
      return out;
    }
    if (!node.is_map()) {
      from_text(node.text(), node);
      return out;
    }
    for (const auto& text : node.get_list("from")) out.from.push_back(reference(text, node));
    if (const auto value = node.child("value"); value.exists()) out.constant = value.text();
    if (const auto text = node.get("template", ""); !text.empty()) from_text(text, node);
    if (node.get("override", false)) out.overrides = true;
    out.formats = node.get_list("format");
    out.when = conditions(node.child("when"));
    const auto type = node.get_choice("type", "auto", {"auto", "text", "ip", "port", "number", "mac", "time"});
    if (type == "text")
      out.type = EcsType::text;
    else if (type == "ip")
      out.type = EcsType::address;
    else if (type == "port")
      out.type = EcsType::port;
    else if (type == "number")
      out.type = EcsType::number;
    else if (type == "mac")
      out.type = EcsType::mac;
    else if (type == "time")
      out.type = EcsType::time;
    out.is_time = out.type == EcsType::time;
    operations(node, out.operations);
    if (out.from.empty() && !out.constant && out.pieces.empty())
      node.error(fmt::format("'{}' needs 'from', 'value' or 'template'", name));
    return out;
  }

  // In the order they are applied: extract, after, after_last, before, before_last, part, basename, dirname, strip,
  // replace, hex, lower, upper, map.
  void operations(const SettingsNode& node, std::vector<Operation>& out) {
    using Kind = Operation::Kind;
    if (const auto text = node.get("extract", ""); !text.empty()) {
      Operation operation{.kind = Kind::extract};
      operation.pattern = regex(text, node);
      out.push_back(std::move(operation));
    }
    const std::array<std::pair<const char*, Kind>, 4> cuts{{{"after", Kind::after},
                                                            {"after_last", Kind::after_last},
                                                            {"before", Kind::before},
                                                            {"before_last", Kind::before_last}}};
    for (const auto& [key, kind] : cuts)
      if (const auto text = node.get(key, ""); !text.empty()) out.push_back({.kind = kind, .text = text});
    if (const auto part = node.child("part"); part.exists()) {
      Operation operation{.kind = Kind::part};
      operation.text = part.get("by", ",");
      operation.number = static_cast<std::size_t>(part.get("at", 0, {.min = 0, .max = 1000}));
      out.push_back(std::move(operation));
    }
    if (node.get("basename", false)) out.push_back({.kind = Kind::basename});
    if (node.get("dirname", false)) out.push_back({.kind = Kind::dirname});
    if (const auto text = node.get("strip", ""); !text.empty()) out.push_back({.kind = Kind::strip, .text = text});
    if (const auto replace = node.child("replace"); replace.exists()) {
      for (const auto& [what, by] : replace.entries())
        out.push_back({.kind = Kind::replace, .text = what, .other = by.text()});
    }
    if (node.get("hex", false)) out.push_back({.kind = Kind::hex});
    if (node.get("lower", false)) out.push_back({.kind = Kind::lower});
    if (node.get("upper", false)) out.push_back({.kind = Kind::upper});
    if (const auto words = node.child("map"); words.exists()) {
      Operation operation{.kind = Kind::map};
      for (const auto& [word, value] : words.entries()) operation.words[to_lower_ascii(word)] = value.text();
      out.push_back(std::move(operation));
    }
  }

  Steps steps(const SettingsNode& node) {
    Steps out;
    if (!node.exists()) return out;
    if (++depth_ > 12) {
      node.error("steps are nested more than 12 deep");
      return out;
    }
    for (const auto& item : node.items()) {
      Step step;
      step.when = conditions(item.child("when"));
      if (const auto kv = item.child("kv"); kv.exists()) {
        KeyValues action;
        action.from = reference(kv.get("from", "Message"), kv);
        action.separators = kv.get("separators", " ");
        const auto assign = kv.get("assign", "=");
        if (assign.size() != 1)
          kv.error("'assign' must be one character");
        else
          action.assign = assign.front();
        action.blanks_in_keys = kv.get("blanks_in_keys", false);
        action.blanks_in_values = kv.get("blanks_in_values", false);
        action.prefix = kv.get("prefix", "");
        step.action = std::move(action);
      } else if (const auto csv = item.child("csv"); csv.exists()) {
        Columns action;
        action.from = reference(csv.get("from", "Message"), csv);
        const auto separator = csv.get("separator", ",");
        const auto quote = csv.get("quote", "\"");
        if (separator.size() != 1 || quote.size() > 1)
          csv.error("'separator' must be one character, 'quote' one or none");
        else
          action.separator = separator.front();
        action.quote = quote.empty() ? '\0' : quote.front();
        for (auto& name : csv.get_list("columns")) {
          // "a, b, c" is as good as a list.
          for (const auto part : split(name, ',')) action.names.emplace_back(trim(part));
        }
        step.action = std::move(action);
      } else if (const auto json = item.child("json"); json.exists()) {
        JsonText action;
        action.from = reference(json.get("from", "Message"), json);
        action.name = json.get("as", "_json");
        action.as = event::intern_field(action.name);
        step.action = std::move(action);
      } else if (const auto grok = item.child("grok"); grok.exists()) {
        Patterns action;
        std::vector<SettingsNode> nodes;
        action.from = reference(grok.is_map() ? grok.get("from", "Message") : std::string("Message"), grok);
        const auto list = grok.is_map() ? grok.child("patterns") : grok;
        if (list.is_list())
          nodes = list.items();
        else
          nodes.push_back(list);
        for (const auto& pattern : nodes) {
          auto compiled = Grok::compile(pattern.text(), patterns_);
          if (!compiled) {
            pattern.error(compiled.error().message());
            continue;
          }
          std::vector<Assignment> targets;
          for (const auto& name : compiled->names()) targets.push_back(target(name));
          action.targets.push_back(std::move(targets));
          action.patterns.push_back(std::move(*compiled));
        }
        step.action = std::move(action);
      } else if (const auto set = item.child("set"); set.exists()) {
        std::vector<Assignment> action;
        for (const auto& [name, value] : set.entries()) {
          // A list of maps is several ways to the same field, each with its own condition.
          const auto items = value.is_list() ? value.items() : std::vector<SettingsNode>();
          if (!items.empty() && std::any_of(items.begin(), items.end(), [](const auto& i) {
                return i.is_map() || i.text().find("%{") != std::string::npos || i.text().starts_with('=');
              })) {
            for (const auto& way : items) action.push_back(assignment(name, way));
          } else {
            action.push_back(assignment(name, value));
          }
        }
        step.action = std::move(action);
      } else if (const auto choice = item.child("switch"); choice.exists()) {
        Choice action;
        action.on = reference(choice.get("on", ""), choice);
        for (const auto& [keys, branch] : choice.child("cases").entries()) {
          const std::size_t index = action.branches.size();
          action.branches.push_back(steps(branch));
          for (const auto key : split(keys, '|')) action.cases[to_lower_ascii(trim(key))] = index;
        }
        if (const auto otherwise = choice.child("default"); otherwise.exists()) {
          action.otherwise = action.branches.size();
          action.branches.push_back(steps(otherwise));
        }
        step.action = std::move(action);
      } else if (const auto inner = item.child("steps"); inner.exists()) {
        step.action = steps(inner);
      } else {
        item.error("a step is one of kv, csv, json, grok, set, switch, steps");
      }
      out.push_back(std::move(step));
    }
    --depth_;
    return out;
  }

  const SettingsNode& root_;
  Grok::Patterns patterns_;
  int depth_ = 0;
};

}  // namespace

std::unique_ptr<Pack> load_pack(const SettingsNode& root) { return Loader(root).load(); }

}  // namespace yagura::normalise::detail
