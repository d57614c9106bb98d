#include "formats/evtx_plan.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "formats/evtx_fields.hpp"

namespace yagura::formats {

using event::FieldId;
using event::Value;
using namespace evtx;

namespace {

constexpr std::size_t kMostPlans = 4'096;
constexpr std::size_t kMostLiterals = 4 << 20;    // bytes of their texts
constexpr std::size_t kMostSteps = 2'000;         // of programs that are worth a plan
constexpr std::size_t kMostUses = 240;            // of values, each of less than 64 KiB
constexpr std::size_t kEnoughText = 16 << 20;     // so that no record can use up a chunk's text within its plan
constexpr std::size_t kNoBody = 0xFFFF;

// A mark stands for a value: four characters of the private use area.
constexpr char16_t kOpen = 0xE0FF, kDigit = 0xE100, kClose = 0xE0FE;
constexpr std::string_view kOpenUtf8 = "\xEE\x83\xBF";
constexpr std::size_t kMarkSize = 12;

std::string mark_utf16(std::size_t number) {
  std::string bytes;
  for (const char16_t unit : {kOpen, static_cast<char16_t>(kDigit + (number >> 6)),
                              static_cast<char16_t>(kDigit + (number & 63)), kClose})
    bytes += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
  return bytes;
}
// U+E100 + n is EE 84 80 + n for n < 64.
std::optional<std::size_t> mark_number(std::string_view text) {
  if (text.size() != kMarkSize || !text.starts_with(kOpenUtf8)) return std::nullopt;
  return std::size_t{static_cast<unsigned char>(text[5]) & 63U} << 6 | (static_cast<unsigned char>(text[8]) & 63U);
}
bool has_mark(std::string_view text) { return text.find(kOpenUtf8) != std::string_view::npos; }

// The instance that is all of a fragment; nothing when the fragment is something else.
std::optional<Instance> whole_instance(std::string_view chunk, std::size_t begin, std::size_t end,
                                       std::vector<Substitution>& values) {
  end = std::min(end, chunk.size());
  if (begin < end && static_cast<unsigned char>(chunk[begin]) == 0x0F) begin += 4;
  if (begin >= end || static_cast<unsigned char>(chunk[begin]) != 0x0C) return std::nullopt;
  const auto instance = read_instance(chunk, begin + 1, end, values);
  if (!instance) return std::nullopt;
  return *instance;
}

}  // namespace

struct EvtxPlanReader::Plan {
  struct Entry {
    enum class From : std::uint8_t { outer, inner, before };  // before: the value of the field before it
    std::uint32_t at = 0;     // of the field
    std::uint16_t index = 0;  // of the value
    From from = From::outer;
    bool optional = false;  // an attribute that is left out when it has no value
  };
  std::vector<event::Field> fields;  // what a record has, literals included
  std::vector<Entry> entries;        // what becomes of its values
  std::vector<Entry> unseen;  // values that are read, and make no field
  std::size_t body = kNoBody;
  std::size_t outer_count = 0, inner_count = 0;  // of values that it needs
  bool usable = false;
  std::array<int, 4> identity{-1, -1, -1, -1};  // the fields of EvtxFieldMaker::identity_fields()
  std::uint32_t copied_for = 0;                 // the chunk for which the literals are in the batch
  std::vector<event::Field> copies;             // fields, with literals of that batch
};

EvtxPlanReader::EvtxPlanReader() = default;
EvtxPlanReader::~EvtxPlanReader() = default;

void EvtxPlanReader::begin_chunk() {
  if (plans_.size() > kMostPlans || literals_.bytes_reserved() > kMostLiterals) {
    plans_.clear();
    literals_.clear();
  }
  last_ = nullptr;
  if (++chunk_ != 0) return;
  for (auto& [key, plan] : plans_) plan->copied_for = 0;
  chunk_ = 1;
}

EvtxPlanReader::Plan* EvtxPlanReader::plan_of(const Program& outer, std::size_t body, const Program* inner) {
  if (outer.of_chunk || (inner && inner->of_chunk)) return nullptr;
  const std::uint64_t key = std::uint64_t{outer.number} << 32 | (inner ? inner->number : 0U);
  if (last_ == nullptr || last_key_ != key) {
    auto& plan = plans_[key];
    if (!plan) {
      plan = std::make_unique<Plan>();
      plan->body = body;
      make_plan(outer, inner, *plan);
    }
    last_ = plan.get();
    last_key_ = key;
  }
  return last_->usable && last_->body == body ? last_ : nullptr;
}

namespace {

// What a step of a joined program stands for.
struct Use {
  bool of_inner = false;
  bool optional = false;
  std::uint16_t index = 0;
  bool seen = false;
};

// The steps of `outer` with those of `inner` in place of the value `body`. False when it is not there once.
bool join(const Program& outer, std::size_t body, const Program* inner, Program& joined, std::vector<bool>& of_inner) {
  using Kind = Program::Step::Kind;
  joined.steps = outer.steps;
  of_inner.assign(joined.steps.size(), false);
  if (inner == nullptr) return true;
  std::size_t at = 0, times = 0;
  for (std::size_t i = 0; i < outer.steps.size(); ++i)
    if (outer.steps[i].kind == Kind::substitution && outer.steps[i].index == body) at = i, ++times;
  if (times != 1) return false;
  const std::size_t more = inner->steps.size();
  for (std::size_t i = 0; i < outer.steps.size(); ++i) {
    auto& step = joined.steps[i];
    if ((step.kind != Kind::begin && step.kind != Kind::attribute) || step.end <= at) continue;
    if (step.kind == Kind::attribute && i < at) return false;  // inside of an attribute's value
    if (i < at) step.leaf = 0;
    step.end = static_cast<std::uint32_t>(step.end + more - 1);
  }
  const auto place = joined.steps.erase(joined.steps.begin() + static_cast<std::ptrdiff_t>(at));
  joined.steps.insert(place, inner->steps.begin(), inner->steps.end());
  for (std::size_t i = at; i < at + more; ++i) joined.steps[i].end += static_cast<std::uint32_t>(at);
  of_inner.erase(of_inner.begin() + static_cast<std::ptrdiff_t>(at));
  of_inner.insert(of_inner.begin() + static_cast<std::ptrdiff_t>(at), more, true);
  return true;
}

// Gives each value of the program a number, which becomes its index. False when what the fields are depends on values.
bool number_values(Program& joined, const std::vector<bool>& of_inner, std::vector<Use>& uses) {
  using Kind = Program::Step::Kind;
  struct Open {
    std::size_t children = 0, pieces = 0, values = 0;
  };
  std::vector<Open> open;
  auto& steps = joined.steps;
  std::size_t attribute_end = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto& step = steps[i];
    if (has_mark(step.name) || has_mark(step.value.as_string())) return false;
    switch (step.kind) {
      case Kind::instance: return false;
      case Kind::begin:
        if (!open.empty()) ++open.back().children;
        open.emplace_back();
        break;
      case Kind::end: {
        if (open.empty()) return false;
        const Open ended = open.back();
        open.pop_back();
        // Below the root and its sections an element is its one value, or holds elements.
        if (open.size() == 1 && ended.values != 0) return false;
        if (open.size() > 1 && ended.values != 0 && (ended.children != 0 || ended.pieces != 1)) return false;
        break;
      }
      case Kind::attribute: {
        attribute_end = step.end;
        std::size_t values = 0;
        for (std::size_t k = i + 1; k < step.end; ++k) values += steps[k].kind == Kind::substitution;
        if (values != 0 && step.end != i + 2) return false;
        break;
      }
      case Kind::text:
        if (i >= attribute_end && !open.empty()) ++open.back().pieces;
        break;
      case Kind::substitution: {
        const bool in_attribute = i < attribute_end;
        if (!in_attribute) {
          if (open.empty()) return false;
          ++open.back().pieces;
          ++open.back().values;
        }
        if (uses.size() == kMostUses) return false;
        uses.push_back({of_inner[i], in_attribute && step.optional, step.index});
        step.index = static_cast<std::uint16_t>(uses.size() - 1);
        break;
      }
    }
  }
  return true;
}

}  // namespace

void EvtxPlanReader::make_plan(const Program& outer, const Program* inner, Plan& plan) {
  using Entry = Plan::Entry;
  if (outer.steps.size() + (inner ? inner->steps.size() : 0) > kMostSteps) return;
  Program joined;
  std::vector<bool> of_inner;
  std::vector<Use> uses;
  if (!join(outer, plan.body, inner, joined, of_inner) || !number_values(joined, of_inner, uses)) return;

  std::string marks;
  std::vector<Substitution> values;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const std::string mark = mark_utf16(i);
    values.push_back({kString, static_cast<std::uint32_t>(marks.size()), static_cast<std::uint32_t>(mark.size())});
    marks += mark;
  }
  BinXml xml;
  xml.set_chunk(marks);
  event::RecordBatch record;
  EvtxFieldMaker maker;
  maker.begin_chunk();
  maker.begin(record.arena());
  if (!xml.run(joined, values, record.arena(), maker)) return;
  const auto made = maker.fields();
  if (made.size() >= EvtxFieldMaker::kMostFields) return;
  // What a field that is left out at times does to another one of its name is not for a plan.
  for (const auto& field : made) {
    const auto number = mark_number(field.value.as_string());
    if (!number || !uses[*number].optional) continue;
    if (std::ranges::count_if(made, [&](const auto& other) { return other.name.id == field.name.id; }) != 1) return;
  }
  std::array<const Value*, 4> identity{};
  for (const auto& field : made)
    for (std::size_t i = 0; i < identity.size(); ++i)
      if (field.section == EvtxFieldMaker::Section::system && field.name.id == EvtxFieldMaker::identity_fields()[i] &&
          identity[i] == nullptr)
        identity[i] = &field.value;
  const auto entry_of = [](const Use& use) {
    Entry entry;
    entry.from = use.of_inner ? Entry::From::inner : Entry::From::outer;
    entry.index = use.index;
    entry.optional = use.optional;
    return entry;
  };
  std::vector<Value> kept_identity;
  for (const auto* value : identity) kept_identity.push_back(value ? *value : Value::null());
  maker.finish({}, 0, record);
  std::size_t found = 0;
  std::optional<std::size_t> before;
  for (const auto& field : record[0].fields()) {
    if (!field.id.is_listed()) return;
    const auto at = static_cast<std::uint32_t>(plan.fields.size());
    const auto number = mark_number(field.value.as_string());
    Value literal;
    if (number) {
      auto& use = uses[*number];
      Entry entry = entry_of(use);
      entry.at = at;
      if (before == number && !use.optional)
        entry.from = Entry::From::before;
      else if (use.seen)
        return;
      use.seen = true;
      plan.entries.push_back(entry);
    } else {
      if (field.value.kind() == Value::Kind::list || field.value.kind() == Value::Kind::object ||
          has_mark(field.value.as_string()))
        return;
      literal = field.value.is_string() ? Value::string(literals_.copy(field.value.as_string())) : field.value;
    }
    before = number;
    plan.fields.push_back({field.id, event::name_of(field.id), literal});
    for (std::size_t i = 0; i < kept_identity.size(); ++i)
      if (identity[i] != nullptr && field.id == EvtxFieldMaker::identity_fields()[i] && field.value == kept_identity[i]) {
        plan.identity[i] = static_cast<int>(at);
        ++found;
      }
  }
  if (found != static_cast<std::size_t>(std::ranges::count_if(identity, [](const auto* value) { return value != nullptr; })))
    return;
  for (const auto& use : uses) {
    auto& count = use.of_inner ? plan.inner_count : plan.outer_count;
    count = std::max<std::size_t>(count, use.index + 1U);
    if (!use.seen) plan.unseen.push_back(entry_of(use));
  }
  plan.usable = true;
}

bool EvtxPlanReader::read(BinXml& xml, std::size_t begin, std::size_t end, event::RecordOrigin origin,
                          std::uint64_t written, event::RecordBatch& out) {
  const std::string_view chunk = xml.chunk();  // read_instance() has checked where its values stand
  if (xml.text_left() < kEnoughText) return false;
  const auto instance = whole_instance(chunk, begin, end, outer_values_);
  if (!instance) return false;
  const auto outer = xml.program_at(instance->definition);
  if (!outer) return false;
  std::size_t body = kNoBody;
  for (std::size_t i = 0; i < outer_values_.size(); ++i) {
    const auto& value = outer_values_[i];
    if (value.type < kBinXml || (value.type == kBinXml && value.size == 0)) continue;
    if (value.type != kBinXml || body != kNoBody) return false;
    body = i;
  }
  const Program* inner = nullptr;
  inner_values_.clear();
  if (body != kNoBody) {
    const auto& value = outer_values_[body];
    const auto inside = whole_instance(chunk, value.at, value.at + value.size, inner_values_);
    if (!inside) return false;
    for (const auto& one : inner_values_)
      if (one.type > kBinXml || (one.type == kBinXml && one.size != 0)) return false;
    const auto program = xml.program_at(inside->definition);
    if (!program) return false;
    inner = *program;
  }
  Plan* const plan = plan_of(**outer, body, inner);
  if (plan == nullptr || outer_values_.size() < plan->outer_count || inner_values_.size() < plan->inner_count)
    return false;

  Arena& arena = out.arena();
  if (plan->copied_for != chunk_) {
    plan->copies = plan->fields;
    for (auto& field : plan->copies)
      if (field.value.is_string()) field.value = Value::string(arena.copy(field.value.as_string()));
    plan->copied_for = chunk_;
  }
  std::size_t text = 0;
  const auto is_left_out = [](const Substitution& value) {
    return value.type == kNull || (value.size == 0 && (value.type == kString || value.type == kAnsiString));
  };
  auto& record = out.begin_record(origin);
  record.format = "evtx";
  record.log_source = {"windows", "", ""};
  std::optional<std::int64_t> time;
  event::Field* const fields = out.append(plan->copies);
  left_out_.clear();
  for (const auto& entry : plan->entries) {
    using From = Plan::Entry::From;
    Value& value = fields[entry.at].value;
    if (entry.from == From::before) {
      value = fields[entry.at - 1].value;
      continue;
    }
    const auto& given = (entry.from == From::outer ? outer_values_ : inner_values_)[entry.index];
    if (entry.optional && is_left_out(given)) {
      left_out_.push_back(entry.at);
      continue;
    }
    text += given.size;
    value = scalar(given.type, {chunk.data() + given.at, given.size}, arena);
    if (value.is_null()) {
      if (entry.optional) left_out_.push_back(entry.at);
      value = Value::string("");
    } else if (given.type == kFileTime && static_cast<int>(entry.at) == plan->identity[3] && !value.as_string().empty()) {
      time = static_cast<std::int64_t>(number_at<std::uint64_t>({chunk.data() + given.at, 8})) + kFileTimeEpoch;
    }
  }
  std::array<Value, 4> identity;
  for (std::size_t i = 0; i < identity.size(); ++i)
    if (const int at = plan->identity[i];
        at >= 0 && std::ranges::find(left_out_, static_cast<std::uint32_t>(at)) == left_out_.end())
      identity[i] = fields[at].value;
  if (!left_out_.empty()) {
    auto next = left_out_.begin();
    std::size_t to = *next;
    for (std::size_t i = to; i < plan->copies.size(); ++i) {
      if (next != left_out_.end() && *next == i)
        ++next;
      else
        fields[to++] = fields[i];
    }
    out.shrink(left_out_.size());
  }
  for (const auto& entry : plan->unseen) {
    const auto& given = (entry.from == Plan::Entry::From::outer ? outer_values_ : inner_values_)[entry.index];
    if (!entry.optional || !is_left_out(given)) text += given.size;
  }
  xml.spend_text(text);

  EvtxFieldMaker::identify(identity, time, written, identity_, record);
  out.end_record();
  return true;
}

}  // namespace yagura::formats
