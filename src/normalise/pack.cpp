#include "normalise/pack.hpp"

#include <hs/hs.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "normalise/pack_loader.hpp"
#include "normalise/pack_run.hpp"

namespace yagura::normalise {

using event::Record;
using event::RecordBatch;

namespace detail {

// Finds the few packs that may know a record without asking all of them. Each match entry is filed under the rarest
// thing that it needs: a literal of the message, a vendor, an app, a field.
struct PackIndex {
  struct DatabaseFree {
    void operator()(hs_database_t* database) const { hs_free_database(database); }
  };
  struct ScratchFree {
    void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
  };
  std::unique_ptr<hs_database_t, DatabaseFree> literals;
  std::vector<std::vector<std::uint32_t>> packs_of_literal;
  std::vector<std::pair<std::uint32_t, std::string>> literal_packs;  // the same, in the order of packs
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_app;     // lower case
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_vendor;  // lower case; prefixes under always
  std::vector<std::vector<std::uint32_t>> by_field;                       // by FieldId
  std::vector<std::uint32_t> always;
  std::unordered_map<std::string, std::uint32_t> by_name;
  std::uint64_t generation = 0;

  // Vectorscan wants a scratch for each thread. One serves several databases once it has been made large enough for each.
  hs_scratch_t* scratch() const {
    thread_local std::unique_ptr<hs_scratch_t, ScratchFree> mine;
    thread_local std::vector<std::uint64_t> made_for;
    if (std::ranges::find(made_for, generation) == made_for.end()) {
      hs_scratch_t* grown = mine.release();
      const bool made = hs_alloc_scratch(literals.get(), &grown) == HS_SUCCESS;
      mine.reset(grown);
      if (!made) return nullptr;
      if (made_for.size() >= 64) made_for.clear();  // packs have been loaded again many times
      made_for.push_back(generation);
    }
    return mine.get();
  }
};

}  // namespace detail

namespace {
const event::FieldId kMessage = event::intern_field("Message");
const event::FieldId kUse = event::intern_field("pack.use");
const event::FieldId kAppName = event::intern_field("AppName");
const event::FieldId kVendor = event::intern_field("DeviceVendor");

struct Found {
  const detail::PackIndex* index;
  std::vector<std::uint32_t>* candidates;
};
int on_literal(unsigned int id, unsigned long long, unsigned long long, unsigned int, void* context) {
  auto* found = static_cast<Found*>(context);
  for (const auto pack : found->index->packs_of_literal[id]) found->candidates->push_back(pack);
  return 0;
}

detail::PackRun& run_of_this_thread() {
  thread_local detail::PackRun run;
  return run;
}
}  // namespace

PackSet::PackSet() { index(); }
PackSet::~PackSet() = default;
PackSet::PackSet(PackSet&&) noexcept = default;
PackSet& PackSet::operator=(PackSet&&) noexcept = default;

Result<> PackSet::add(std::string_view yaml, std::string name) {
  SettingsErrors errors;
  const auto root = SettingsNode::parse(yaml, std::move(name), errors);
  auto pack = detail::load_pack(root);
  if (!errors.empty()) return std::unexpected(errors.to_error());
  packs_.push_back(std::move(pack));
  return {};
}

Result<PackSet> PackSet::parse(std::string_view yaml, std::string name) {
  PackSet set;
  TRY(set.add(yaml, std::move(name)));
  set.index();
  return set;
}

Result<PackSet> PackSet::load(const std::filesystem::path& folder) {
  PackSet set;
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  if (error) return fail(ErrorKind::not_found, "device packs in {}: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  std::string mistakes;
  for (const auto& file : files) {
    const auto text = read_file(file, 4_MiB);
    auto added = text ? set.add(*text, file.string()) : Result<>(std::unexpected(text.error()));
    if (!added) mistakes += (mistakes.empty() ? "" : "\n") + added.error().message();
  }
  std::map<std::string_view, const detail::Pack*> names;
  for (const auto& pack : set.packs_)
    if (const auto [other, is_new] = names.emplace(pack->name, pack.get()); !is_new)
      mistakes += fmt::format("{}{}: there is a pack '{}' already, in {}", mistakes.empty() ? "" : "\n", pack->where,
                              pack->name, other->second->where);
  // Bases of bases too, each once, nearest first.
  for (const auto& pack : set.packs_) {
    const std::function<void(const detail::Pack&)> follow = [&](const detail::Pack& from) {
      for (const auto& base : from.extends) {
        const auto found = names.find(base);
        if (found == names.end() || found->second == pack.get() ||
            std::ranges::find(pack->extended, found->second) != pack->extended.end())
          continue;
        pack->extended.push_back(found->second);
        follow(*found->second);
      }
    };
    follow(*pack);
    for (const auto& base : pack->extends) {
      if (names.contains(base)) continue;
      std::vector<std::string_view> known;
      for (const auto& [name, other] : names) known.push_back(name);
      mistakes += fmt::format("{}{}: 'extends' names no pack: '{}'{}", mistakes.empty() ? "" : "\n", pack->where, base,
                              did_you_mean(base, known));
    }
  }
  if (!mistakes.empty()) return fail(ErrorKind::invalid_input, "{}", mistakes);
  set.index();
  return set;
}

namespace {

std::unique_ptr<detail::PackIndex> make_index(const std::vector<std::unique_ptr<detail::Pack>>& packs, bool only_stored) {
  auto index = std::make_unique<detail::PackIndex>();
  static std::atomic<std::uint64_t> generations{0};
  index->generation = ++generations;
  std::vector<std::string> literals;
  std::map<std::string, std::uint32_t> literal_ids;
  for (std::uint32_t i = 0; i < packs.size(); ++i) {
    const auto& pack = *packs[i];
    if (only_stored && pack.table.empty()) continue;
    index->by_name.emplace(pack.name, i);
    for (const auto& alias : pack.aliases) index->by_name.emplace(alias, i);
    for (const auto& match : pack.matches) {
      const auto is_prefix = [](const std::string& word) { return word.ends_with('*'); };
      if (!match.vendor.empty() && std::none_of(match.vendor.begin(), match.vendor.end(), is_prefix)) {
        for (const auto& vendor : match.vendor) index->by_vendor[to_lower_ascii(vendor)].push_back(i);
      } else if (!match.app.empty() && std::none_of(match.app.begin(), match.app.end(), is_prefix)) {
        for (const auto& app : match.app) index->by_app[to_lower_ascii(app)].push_back(i);
      } else if (!match.message.empty()) {
        const auto& longest = *std::max_element(match.message.begin(), match.message.end(),
                                                [](const auto& a, const auto& b) { return a.size() < b.size(); });
        const auto [known, is_new] = literal_ids.emplace(longest, static_cast<std::uint32_t>(literals.size()));
        if (is_new) {
          literals.push_back(longest);
          index->packs_of_literal.emplace_back();
        }
        index->packs_of_literal[known->second].push_back(i);
        index->literal_packs.emplace_back(i, longest);
      } else if (!match.fields.empty()) {
        const auto number = match.fields.front().number();
        if (index->by_field.size() <= number) index->by_field.resize(number + 1);
        index->by_field[number].push_back(i);
      } else {
        index->always.push_back(i);
      }
    }
  }
  if (literals.empty()) return index;
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> flags(literals.size(), HS_FLAG_SINGLEMATCH);
  std::vector<unsigned> ids;
  for (const auto& literal : literals) {
    texts.push_back(literal.data());
    sizes.push_back(literal.size());
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* mistake = nullptr;
  if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(), static_cast<unsigned>(texts.size()),
                           HS_MODE_BLOCK, nullptr, &database, &mistake) == HS_SUCCESS) {
    index->literals.reset(database);
  } else {
    // Without the matcher every such pack is asked; slower, and as right.
    hs_free_compile_error(mistake);
    for (const auto& packs : index->packs_of_literal)
      index->always.insert(index->always.end(), packs.begin(), packs.end());
  }
  return index;
}

constexpr std::uint32_t kNoPack = 0xFFFF'FFFF;
constexpr std::ptrdiff_t kFewPacks = 4;

const detail::Pack* pack_of(const Record& record, const std::vector<std::unique_ptr<detail::Pack>>& packs,
                            const detail::PackIndex& index) {
  thread_local std::vector<std::uint32_t> candidates;
  candidates.assign(index.always.begin(), index.always.end());
  const auto take = [&](const auto& map, std::string_view word) {
    if (map.empty() || word.empty()) return;
    if (const auto found = map.find(to_lower_ascii(word)); found != map.end())
      candidates.insert(candidates.end(), found->second.begin(), found->second.end());
  };
  std::string_view message;
  bool has_message = false;
  for (const auto& f : record.fields()) {
    if (f.id == kMessage && !has_message) {
      message = f.value.as_string();
      has_message = true;
    } else if (f.id == kAppName) {
      take(index.by_app, f.value.as_string());
    } else if (f.id == kVendor) {
      take(index.by_vendor, f.value.as_string());
    }
    if (f.id.number() < index.by_field.size() && f.id.is_listed()) {
      const auto& more = index.by_field[f.id.number()];
      candidates.insert(candidates.end(), more.begin(), more.end());
    }
  }
  const auto in_order = [&] {
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  };
  auto& run = run_of_this_thread();
  run.begin(record);
  in_order();
  std::uint32_t known = kNoPack;
  for (const auto candidate : candidates)
    if (run.matches(*packs[candidate])) {
      known = candidate;
      break;
    }
  const auto best = [&]() -> const detail::Pack* { return known == kNoPack ? nullptr : packs[known].get(); };
  if (!index.literals) return best();
  const std::string_view text = has_message ? message : record.header().origin.raw;
  // Only packs that go before the one that is known already: when they are few, looking for their texts is quicker than for all.
  const auto before = std::ranges::lower_bound(index.literal_packs, known, {}, &std::pair<std::uint32_t, std::string>::first) -
                      index.literal_packs.begin();
  if (before <= kFewPacks) {
    for (const auto& [pack, literal] : std::span(index.literal_packs).first(static_cast<std::size_t>(before)))
      if (text.find(literal) != std::string_view::npos && run.matches(*packs[pack])) return packs[pack].get();
    return best();
  }
  candidates.clear();
  Found found{&index, &candidates};
  if (auto* scratch = index.scratch(); scratch != nullptr && !text.empty())
    hs_scan(index.literals.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch, on_literal, &found);
  in_order();
  for (const auto candidate : candidates) {
    if (candidate >= known) break;
    if (run.matches(*packs[candidate])) return packs[candidate].get();
  }
  return best();
}

}  // namespace

namespace {

// Formats whose lines are stored as Syslog whatever a pack finds in them.
bool is_plain(std::string_view format) {
  return format == "rfc3164" || format == "rfc5424" || format == "auditd" || format == "journald" || format == "text";
}

}  // namespace

void PackSet::index() {
  std::stable_sort(packs_.begin(), packs_.end(),
                   [](const auto& a, const auto& b) { return a->priority > b->priority; });
  index_ = make_index(packs_, false);
  stored_index_ = make_index(packs_, true);
}

void PackSet::apply(RecordBatch& batch, Use use) const {
  if (packs_.empty()) return;
  batch.end_record();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Record record = batch[i];
    if (!record.header().malformed.empty()) continue;
    const detail::Pack* pack = nullptr;
    if (const auto wanted = record.text(kUse); !wanted.empty()) {
      if (const auto found = index_->by_name.find(std::string(wanted)); found != index_->by_name.end())
        pack = packs_[found->second].get();
    }
    const bool only_stored = use == Use::stored && is_plain(record.header().format);
    if (pack == nullptr) {
      // Of most lines this says at once that no pack with a table knows them; which of all packs it is does not matter then.
      if (only_stored && pack_of(record, packs_, *stored_index_) == nullptr) continue;
      pack = pack_of(record, packs_, *index_);
    }
    if (pack == nullptr || (only_stored && pack->table.empty())) continue;
    run_of_this_thread().run(*pack, batch, i);
  }
}

bool PackSet::apply(RecordBatch& batch, std::size_t record, std::string_view pack) const {
  const auto found = index_->by_name.find(std::string(pack));
  if (found == index_->by_name.end()) return false;
  batch.end_record();
  run_of_this_thread().run(*packs_[found->second], batch, record);
  return true;
}

bool PackSet::apply(RecordBatch& batch, std::size_t number) const {
  if (packs_.empty()) return false;
  batch.end_record();
  const Record record = batch[number];
  if (!record.header().malformed.empty() || record.header().added_field_count != 0) return false;
  const auto* pack = pack_of(record, packs_, *index_);
  if (pack == nullptr) return false;
  run_of_this_thread().run(*pack, batch, number);
  return batch[number].header().added_field_count != 0;
}

std::string_view PackSet::identify(const Record& record) const {
  const auto* pack = pack_of(record, packs_, *index_);
  return pack == nullptr ? std::string_view() : std::string_view(pack->name);
}

std::vector<std::string_view> PackSet::names() const {
  std::vector<std::string_view> out;
  for (const auto& pack : packs_) out.push_back(pack->name);
  return out;
}

}  // namespace yagura::normalise
