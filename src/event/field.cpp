#include "event/field.hpp"

#include <shared_mutex>

#include "base/arena.hpp"
#include "base/hash.hpp"

namespace yagura::event {

namespace {

constexpr std::size_t kMaxForeignNames = 262'144;
constexpr std::size_t kMaxForeignNameSize = 512;

struct NameHash {
  std::size_t operator()(std::string_view name) const { return hash64(name); }
};

// Names never move and ids never change, so a thread may remember what it has seen without a lock.
class FieldTable {
 public:
  FieldId find_or_add(std::string_view name, bool foreign) {
    thread_local std::unordered_map<std::string_view, FieldId, NameHash> seen;
    if (const auto known = seen.find(name); known != seen.end()) return known->second;
    const FieldId id = find_or_add_shared(name, foreign);
    if (id.is_listed()) seen.emplace(name_of(id), id);
    return id;
  }

  std::string_view name_of(FieldId id) const {
    const std::shared_lock lock(mutex_);
    return id.number() < names_.size() ? names_[id.number()] : std::string_view();
  }

 private:
  FieldId find_or_add_shared(std::string_view name, bool foreign) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
      if (foreign && (foreign_count_ >= kMaxForeignNames || name.size() > kMaxForeignNameSize)) return {};
    }
    const std::unique_lock lock(mutex_);
    if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
    const auto stored = arena_.copy(name);
    const auto id = FieldId::from_number(static_cast<std::uint32_t>(names_.size()));
    names_.push_back(stored);
    ids_.emplace(stored, id);
    foreign_count_ += foreign;
    return id;
  }

  mutable std::shared_mutex mutex_;
  Arena arena_;
  std::deque<std::string_view> names_{std::string_view()};
  std::unordered_map<std::string_view, FieldId, NameHash> ids_;
  std::size_t foreign_count_ = 0;
};

FieldTable& table() {
  static auto* fields = new FieldTable;  // never destroyed: threads may outlive main()
  return *fields;
}

}  // namespace

FieldId intern_field(std::string_view name) { return table().find_or_add(name, false); }
FieldId field_of_foreign_name(std::string_view name) { return table().find_or_add(name, true); }
std::string_view name_of(FieldId id) { return table().name_of(id); }

}  // namespace yagura::event
