#include "normalise/pack_run.hpp"

#include "base/key_values.hpp"
#include "base/text.hpp"
#include "event/event_time.hpp"
#include "normalise/json_text.hpp"

namespace yagura::normalise::detail {

using event::Field;
using event::FieldId;
using event::Value;

namespace {

constexpr int kMaxSteps = 20'000;
constexpr std::size_t kMaxMade = 4096;

const FieldId kMessage = event::intern_field("Message");
const FieldId kAppName = event::intern_field("AppName");
const FieldId kVendor = event::intern_field("DeviceVendor");
const FieldId kProduct = event::intern_field("DeviceProduct");

const Value* member_of(std::span<const event::Member> members, std::string_view name) {
  for (const auto& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

// "a.b.c" through objects; a name with dots of its own is tried first.
const Value* dotted(const Value& value, std::string_view name) {
  const auto members = value.as_object();
  if (const Value* found = member_of(members, name)) return found;
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const Value* inner = member_of(members, name.substr(0, dot));
  return inner == nullptr ? nullptr : dotted(*inner, name.substr(dot + 1));
}

bool is_text(const Value& value, std::string_view text) {
  if (value.is_string()) return equal_ignoring_ascii_case(value.as_string(), text);
  std::string written;
  event::append_text(written, value);
  return equal_ignoring_ascii_case(written, text);
}

std::optional<Value> walk(const Value& value, std::span<const Reference::Part> parts) {
  if (parts.empty()) return value;
  const Reference::Part& part = parts.front();
  const auto rest = parts.subspan(1);
  switch (part.kind) {
    case Reference::Part::Kind::member: {
      const Value* found = dotted(value, part.name);
      return found == nullptr ? std::nullopt : walk(*found, rest);
    }
    case Reference::Part::Kind::index: {
      const auto items = value.as_list();
      return part.index < items.size() ? walk(items[part.index], rest) : std::nullopt;
    }
    case Reference::Part::Kind::first:
      for (const Value& item : value.as_list())
        if (auto found = walk(item, rest);
            found && !found->is_null() && !(found->is_string() && found->as_string().empty()))
          return found;
      return std::nullopt;
    case Reference::Part::Kind::selected:
      for (const Value& item : value.as_list()) {
        const Value* selector = dotted(item, part.name);
        if (selector != nullptr && is_text(*selector, part.value))
          if (auto found = walk(item, rest)) return found;
      }
      return std::nullopt;
  }
  return std::nullopt;
}

bool matches_word(std::string_view text, const std::string& word) {
  if (!word.empty() && word.back() == '*') {
    const std::string_view prefix(word.data(), word.size() - 1);
    return text.size() >= prefix.size() && equal_ignoring_ascii_case(text.substr(0, prefix.size()), prefix);
  }
  return equal_ignoring_ascii_case(text, word);
}

}  // namespace

void PackRun::begin(const event::Record& record) {
  record_fields_ = record.fields();
  raw_ = record.header().origin.raw;
  made_.clear();
  made_native_.clear();
  time_.reset();
  if (++stamp_ == 0) {
    slots_.assign(slots_.size(), Slot());
    stamp_ = 1;
  }
  std::uint32_t highest = 0;
  for (const Field& f : record_fields_) highest = std::max(highest, f.id.number());
  if (highest >= slots_.size()) slots_.resize(highest + 64);
  bool has_message = false;
  for (std::size_t i = 0; i < record_fields_.size(); ++i) {
    const FieldId id = record_fields_[i].id;
    if (!id.is_listed()) continue;
    if (id == kMessage && std::exchange(has_message, true)) continue;  // the header's, not a payload's own
    slots_[id.number()] = {stamp_, static_cast<std::int32_t>(i)};
  }
}

const Value* PackRun::find(FieldId id) const {
  const std::uint32_t number = id.number();
  if (number == 0 || number >= slots_.size() || slots_[number].stamp != stamp_) return nullptr;
  const std::int32_t index = slots_[number].index;
  return index >= 0 ? &record_fields_[static_cast<std::size_t>(index)].value
                    : &made_[static_cast<std::size_t>(-1 - index)].value;
}

void PackRun::set(FieldId id, std::string_view name, Value value, bool overrides, bool native) {
  if (!id.is_listed() || made_.size() >= kMaxMade) return;
  if (id.number() >= slots_.size()) slots_.resize(id.number() + 64);
  Slot& slot = slots_[id.number()];
  if (slot.stamp == stamp_ && slot.index < 0) {
    const auto at = static_cast<std::size_t>(-1 - slot.index);
    if (overrides || made_native_[at] != 0) {
      made_[at].value = value;
      made_native_[at] = native;
    }
    return;
  }
  slot = {stamp_, -1 - static_cast<std::int32_t>(made_.size())};
  made_.push_back({id, name, value});
  made_native_.push_back(native);
}

std::optional<Value> PackRun::resolve(const Reference& reference) const {
  if (reference.is_raw) return Value::string(raw_);
  const Value* found = find(reference.field);
  if (found == nullptr) {
    if (!reference.root.is_listed()) return std::nullopt;
    const Value* root = find(reference.root);
    found = root == nullptr ? nullptr : dotted(*root, reference.below_root);
    if (found == nullptr) return std::nullopt;
  }
  if (reference.parts.empty()) return *found;
  // A single object where a list is usual counts as a list of one.
  if (found->kind() == Value::Kind::object && reference.parts.front().kind != Reference::Part::Kind::member)
    return walk(*found, std::span(reference.parts).subspan(1));
  return walk(*found, reference.parts);
}

std::string_view PackRun::text_of(const Value& value) const {
  if (value.is_string()) return value.as_string();
  std::string text;
  event::append_text(text, value);
  return arena_->copy(text);
}

bool PackRun::hold(const std::vector<Condition>& conditions) const {
  for (const Condition& condition : conditions) {
    const auto value = resolve(condition.field);
    const bool there = value && !value->is_null() && !(value->is_string() && value->as_string().empty());
    bool good = false;
    switch (condition.kind) {
      case Condition::Kind::exists: good = there; break;
      case Condition::Kind::absent: good = !there; break;
      case Condition::Kind::equals:
      case Condition::Kind::differs: {
        bool any = false;
        if (there)
          for (const auto& word : condition.values)
            any = any || (value->is_string() ? matches_word(value->as_string(), word) : is_text(*value, word));
        good = any == (condition.kind == Condition::Kind::equals);
        break;
      }
      case Condition::Kind::matches:
      case Condition::Kind::matches_not: {
        bool found = false;
        if (there) {
          std::string written;
          std::string_view text;
          if (value->is_string()) {
            text = value->as_string();
          } else {
            event::append_text(written, *value);
            text = written;
          }
          const auto answer = condition.fast->match(text, nullptr, 0);
          found = answer == FastRegex::Answer::unknown
                      ? RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *condition.pattern)
                      : answer == FastRegex::Answer::yes;
        }
        good = found == (condition.kind == Condition::Kind::matches);
        break;
      }
    }
    if (!good) return false;
  }
  return true;
}

std::optional<std::string_view> PackRun::changed(const std::vector<Operation>& operations,
                                                 std::string_view text) const {
  for (const Operation& operation : operations) {
    switch (operation.kind) {
      case Operation::Kind::lower:
      case Operation::Kind::upper: {
        char* to = arena_->allocate(std::max<std::size_t>(text.size(), 1));
        for (std::size_t i = 0; i < text.size(); ++i) {
          const char c = text[i];
          to[i] = operation.kind == Operation::Kind::lower ? ascii_lower(c)
                                                           : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
        }
        text = {to, text.size()};
        break;
      }
      case Operation::Kind::basename:
        if (const auto slash = text.find_last_of("/\\"); slash != std::string_view::npos) text = text.substr(slash + 1);
        break;
      case Operation::Kind::dirname:
        if (const auto slash = text.find_last_of("/\\"); slash != std::string_view::npos)
          text = text.substr(0, slash);
        else
          return std::nullopt;
        break;
      case Operation::Kind::before: text = text.substr(0, text.find(operation.text)); break;
      case Operation::Kind::before_last: text = text.substr(0, text.rfind(operation.text)); break;
      case Operation::Kind::after:
      case Operation::Kind::after_last: {
        const auto at =
            operation.kind == Operation::Kind::after ? text.find(operation.text) : text.rfind(operation.text);
        if (at != std::string_view::npos) text = text.substr(at + operation.text.size());
        break;
      }
      case Operation::Kind::extract: {
        re2::StringPiece groups[2];
        if (!operation.pattern->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED,
                                      groups, 2))
          return std::nullopt;
        const auto& piece = operation.pattern->NumberOfCapturingGroups() > 0 ? groups[1] : groups[0];
        if (piece.data() == nullptr) return std::nullopt;
        text = {piece.data(), piece.size()};
        break;
      }
      case Operation::Kind::map: {
        const std::string key = to_lower_ascii(text);
        auto word = operation.words.find(key);
        if (word == operation.words.end()) word = operation.words.find(std::string_view("*"));
        if (word == operation.words.end()) return std::nullopt;
        text = word->second;
        break;
      }
      case Operation::Kind::strip: {
        const auto first = text.find_first_not_of(operation.text);
        if (first == std::string_view::npos) return std::nullopt;
        text = text.substr(first, text.find_last_not_of(operation.text) - first + 1);
        break;
      }
      case Operation::Kind::replace: {
        if (text.find(operation.text) == std::string_view::npos) break;
        std::string made;
        std::size_t at = 0;
        for (auto next = text.find(operation.text); next != std::string_view::npos;
             next = text.find(operation.text, at)) {
          made += text.substr(at, next - at);
          made += operation.other;
          at = next + operation.text.size();
        }
        made += text.substr(at);
        text = arena_->copy(made);
        break;
      }
      case Operation::Kind::hex: {
        // A number in hex ("0x1f4") as a decimal one.
        std::string_view digits = text;
        if (digits.starts_with("0x") || digits.starts_with("0X"))
          digits.remove_prefix(2);
        else
          break;
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        text = arena_->copy(fmt::to_string(number));
        break;
      }
      case Operation::Kind::part: {
        std::size_t number = operation.number;
        std::string_view rest = text;
        while (number > 0) {
          const auto at = rest.find(operation.text);
          if (at == std::string_view::npos) return std::nullopt;
          rest = rest.substr(at + operation.text.size());
          --number;
        }
        text = rest.substr(0, rest.find(operation.text));
        break;
      }
    }
  }
  return text;
}

std::optional<Value> PackRun::value_of(const Assignment& assignment) const {
  if (assignment.constant) return Value::string(*assignment.constant);
  if (!assignment.pieces.empty()) {
    std::string text;
    for (const auto& piece : assignment.pieces) {
      text += piece.literal;
      if (!piece.field) continue;
      const auto value = resolve(*piece.field);
      if (!value || value->is_null()) return std::nullopt;
      const std::size_t before = text.size();
      event::append_text(text, *value);
      if (text.size() == before || std::string_view(text).substr(before) == "-") return std::nullopt;
    }
    return Value::string(arena_->copy(text));
  }
  return std::nullopt;
}

std::optional<EventTime> PackRun::time_of(const Assignment& assignment, const Value& value) const {
  if (!assignment.formats.empty()) {
    const std::string_view text = trim(text_of(value));
    for (const auto& format : assignment.formats)
      if (const auto time = parse_timestamp_as(text, format, times_)) return time;
    return std::nullopt;
  }
  return event::event_time_of(value, times_);
}

void PackRun::assign(const Assignment& assignment, std::optional<Value> given) {
  const auto take = [&](Value value) {
    if (!assignment.operations.empty()) {
      const auto text = changed(assignment.operations, text_of(value));
      if (!text) return false;
      value = Value::string(*text);
    }
    if (assignment.is_time) {
      const auto time = time_of(assignment, value);
      if (!time) return false;
      if (assignment.name == "@timestamp") {
        if (!time_ || assignment.overrides) time_ = time;
      }
      set(assignment.target, assignment.name,
          Value::string(arena_->copy(format_datetime(time->time_since_epoch().count()))), assignment.overrides);
      return true;
    }
    const auto good = ecs_value(assignment.type, value, *arena_);
    if (!good) return false;
    // A translated port of 0 is none.
    if (assignment.type == EcsType::port && good->as_int64() == 0 && assignment.name.find("nat.") != std::string::npos)
      return false;
    if (assignment.is_account && good->is_string()) {
      // "DOMAIN\\user" is two things.
      if (const auto slash = good->as_string().rfind('\\');
          slash != std::string_view::npos && slash > 0 && slash + 1 < good->as_string().size()) {
        std::string_view domain = good->as_string().substr(0, slash);
        while (domain.ends_with('\\')) domain.remove_suffix(1);
        if (assignment.domain.is_listed())
          set(assignment.domain, event::name_of(assignment.domain), Value::string(domain), false);
        set(assignment.target, assignment.name, Value::string(good->as_string().substr(slash + 1)),
            assignment.overrides);
        return true;
      }
    }
    set(assignment.target, assignment.name, *good, assignment.overrides);
    return true;
  };
  if (given) {
    take(*given);
    return;
  }
  if (!assignment.when.empty() && !hold(assignment.when)) return;
  if (const auto made = value_of(assignment)) {
    take(*made);
    return;
  }
  for (const Reference& reference : assignment.from)
    if (const auto value = resolve(reference); value && !value->is_null() && take(*value)) return;
}

void PackRun::run(const KeyValues& step) {
  const auto value = resolve(step.from);
  if (!value || !value->is_string()) return;
  std::string name;
  for_each_key_value(value->as_string(),
                     {.separators = step.separators,
                      .assign = step.assign,
                      .blanks_in_keys = step.blanks_in_keys,
                      .blanks_in_values = step.blanks_in_values},
                     [&](std::string_view key, std::string_view text, char quote) {
                       if (key.size() > 128) return;
                       if (quote != '\0' && text.find('\\') != std::string_view::npos) {
                         char* to = arena_->allocate(text.size());
                         std::size_t size = 0;
                         for (std::size_t i = 0; i < text.size(); ++i) {
                           if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == quote || text[i + 1] == '\\'))
                             ++i;
                           to[size++] = text[i];
                         }
                         text = {to, size};
                       }
                       FieldId id;
                       if (step.prefix.empty()) {
                         id = event::field_of_foreign_name(key);
                       } else {
                         name.assign(step.prefix).append(key);
                         id = event::field_of_foreign_name(name);
                       }
                       set(id, event::name_of(id), Value::string(text), true, true);
                     });
}

void PackRun::run(const Columns& step) {
  const auto value = resolve(step.from);
  if (!value || !value->is_string()) return;
  static const std::vector<FieldId> by_position = [] {
    std::vector<FieldId> ids;
    for (int i = 0; i < 160; ++i) ids.push_back(event::intern_field("_" + std::to_string(i)));
    return ids;
  }();
  std::string_view text = value->as_string();
  std::size_t at = 0;
  for (std::size_t column = 0; column < 512; ++column) {
    std::string_view cell;
    std::size_t begin = at;
    if (step.separator != ' ') {
      while (begin < text.size() && text[begin] == ' ') ++begin;
    }
    if (begin < text.size() && step.quote != '\0' && text[begin] == step.quote) {
      // RFC 4180: a doubled quote stands for one.
      std::size_t end = begin + 1;
      bool doubled = false;
      while (end < text.size()) {
        if (text[end] != step.quote) {
          if (text[end] == '\\' && end + 1 < text.size() && text[end + 1] == step.quote) ++end;
          ++end;
        } else if (end + 1 < text.size() && text[end + 1] == step.quote) {
          doubled = true;
          end += 2;
        } else {
          break;
        }
      }
      cell = text.substr(begin + 1, std::min(end, text.size()) - begin - 1);
      if (doubled) {
        char* to = arena_->allocate(cell.size());
        std::size_t size = 0;
        for (std::size_t i = 0; i < cell.size(); ++i) {
          to[size++] = cell[i];
          if (cell[i] == step.quote && i + 1 < cell.size() && cell[i + 1] == step.quote) ++i;
        }
        cell = {to, size};
      }
      at = text.find(step.separator, std::min(end, text.size()));
    } else {
      // Web servers put the time into brackets, blanks and all.
      const std::size_t from = step.separator == ' ' && begin < text.size() && text[begin] == '['
                                   ? std::min(text.find(']', begin), text.size())
                                   : begin;
      at = text.find(step.separator, from);
      cell = text.substr(begin, at == std::string_view::npos ? std::string_view::npos : at - begin);
    }
    if (column < by_position.size())
      set(by_position[column], event::name_of(by_position[column]), Value::string(cell), true);
    if (column < step.names.size()) {
      const std::string& name = step.names[column];
      if (!name.empty() && name != "-") {
        const FieldId id = event::intern_field(name);
        set(id, event::name_of(id), Value::string(trim(cell)), true, true);
      }
    }
    if (at == std::string_view::npos) return;
    ++at;
    if (step.separator == ' ')
      while (at < text.size() && text[at] == ' ') ++at;
  }
}

void PackRun::run(const JsonText& step) {
  const auto value = resolve(step.from);
  if (!value || !value->is_string()) return;
  if (const auto parsed = parse_json_text(value->as_string(), *arena_)) set(step.as, step.name, *parsed, true, true);
}

void PackRun::run(const Patterns& step) {
  const auto value = resolve(step.from);
  if (!value || value->is_null()) return;
  const std::string_view text = text_of(*value);
  std::string_view parts[Grok::kMaxNames];
  for (std::size_t i = 0; i < step.patterns.size(); ++i) {
    if (!step.patterns[i].match(text, parts)) continue;
    for (std::size_t k = 0; k < step.targets[i].size(); ++k)
      if (parts[k].data() != nullptr && !parts[k].empty()) assign(step.targets[i][k], Value::string(parts[k]));
    return;
  }
}

void PackRun::run(const Choice& step) {
  const auto value = resolve(step.on);
  if (value && !value->is_null()) {
    const std::string key = to_lower_ascii(text_of(*value));
    if (const auto found = step.cases.find(key); found != step.cases.end()) {
      run(step.branches[found->second]);
      return;
    }
  }
  if (step.otherwise) run(step.branches[*step.otherwise]);
}

void PackRun::run(const Steps& steps) {
  for (const Step& step : steps) {
    if (--steps_left_ < 0) return;
    if (!step.when.empty() && !hold(step.when)) continue;
    std::visit(
        [&](const auto& action) {
          using Action = std::remove_cvref_t<decltype(action)>;
          if constexpr (std::is_same_v<Action, std::vector<Assignment>>) {
            for (const Assignment& assignment : action) assign(assignment, std::nullopt);
          } else {
            run(action);
          }
        },
        step.action);
  }
}

void PackRun::run(const Pack& pack, event::RecordBatch& batch, std::size_t record) {
  static const FieldId name_field = event::intern_field("pack.name");
  static const FieldId table_field = event::intern_field("pack.table");
  begin(batch[record]);
  arena_ = &batch.arena();
  auto& header = batch.header(record);
  times_ = {header.origin.received_at, pack.utc_offset};
  steps_left_ = kMaxSteps;
  run(pack.steps);
  for (const Pack* base : pack.extended) run(base->steps);
  // A translated address or port that is the same as the real one says nothing.
  static const std::array<std::pair<FieldId, FieldId>, 4> translations{{
      {event::intern_field("source.nat.ip"), event::intern_field("source.ip")},
      {event::intern_field("source.nat.port"), event::intern_field("source.port")},
      {event::intern_field("destination.nat.ip"), event::intern_field("destination.ip")},
      {event::intern_field("destination.nat.port"), event::intern_field("destination.port")},
  }};
  const auto says_nothing = [&](const Field& f) {
    if (f.name.starts_with('_')) return true;  // for the pack's own use
    for (const auto& [translated, real] : translations) {
      if (f.id != translated) continue;
      const Value* other = find(real);
      return other != nullptr && *other == f.value;
    }
    return false;
  };
  std::vector<Field>& kept = kept_;
  kept.clear();
  for (const Field& f : made_)
    if (!says_nothing(f)) kept.push_back(f);
  made_.swap(kept);
  for (const auto& [id, text] : pack.constants) made_.push_back({id, event::name_of(id), Value::string(text)});
  made_.push_back({name_field, event::name_of(name_field), Value::string(pack.name)});
  if (!pack.table.empty()) made_.push_back({table_field, event::name_of(table_field), Value::string(pack.table)});
  if (time_) {
    header.time = *time_;
    header.has_own_time = true;
  }
  if (!pack.product.empty() || !pack.category.empty() || !pack.service.empty())
    header.log_source = {pack.product, pack.category, pack.service};
  batch.append_fields(record, made_);
}

bool PackRun::matches(const Pack& pack) {
  const auto text = [&](FieldId id) {
    const Value* value = find(id);
    return value == nullptr ? std::string_view() : value->as_string();
  };
  const auto any = [](std::string_view word, const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& w) { return matches_word(word, w); });
  };
  for (const Match& match : pack.matches) {
    if (!match.app.empty() && !any(text(kAppName), match.app)) continue;
    if (!match.vendor.empty() && !any(text(kVendor), match.vendor)) continue;
    if (!match.product.empty() && !any(text(kProduct), match.product)) continue;
    if (!match.message.empty()) {
      const std::string_view message = find(kMessage) != nullptr ? text(kMessage) : raw_;
      if (!std::all_of(match.message.begin(), match.message.end(),
                       [&](const std::string& literal) { return message.find(literal) != std::string_view::npos; }))
        continue;
    }
    if (!std::all_of(match.fields.begin(), match.fields.end(), [&](FieldId id) { return find(id) != nullptr; }))
      continue;
    if (!match.conditions.empty() && !hold(match.conditions)) continue;
    return true;
  }
  return false;
}

}  // namespace yagura::normalise::detail
