#include "event/field.hpp"

#include <shared_mutex>

#include "base/arena.hpp"
#include "base/hash.hpp"

namespace yagura::event {

namespace {

constexpr std::size_t kMaxForeignNames = 262'144;
constexpr std::size_t kMaxForeignNameSize = 512;
constexpr std::uint32_t kPageSize = 4096;
constexpr std::uint32_t kMaxNames = 1'048'576;  // ours and foreign ones together

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

  // Without a lock, since each RecordBatch::set() comes here: a name is in place before its id leaves the lock.
  std::string_view name_of(FieldId id) const {
    const std::uint32_t number = id.number();
    if (number >= kMaxNames) return {};
    const Page* page = pages_[number / kPageSize].load(std::memory_order_acquire);
    return page == nullptr ? std::string_view() : (*page)[number % kPageSize];
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
    if (count_ >= kMaxNames) return {};
    const auto id = FieldId::from_number(count_++);
    auto& page = pages_[id.number() / kPageSize];
    if (page.load(std::memory_order_relaxed) == nullptr) page.store(new Page, std::memory_order_release);
    (*page.load(std::memory_order_relaxed))[id.number() % kPageSize] = stored;
    ids_.emplace(stored, id);
    foreign_count_ += foreign;
    return id;
  }

  mutable std::shared_mutex mutex_;
  Arena arena_;
  using Page = std::array<std::string_view, kPageSize>;
  std::array<std::atomic<Page*>, kMaxNames / kPageSize> pages_{};  // never freed
  std::uint32_t count_ = 1;                                        // 0 is FieldId's "unlisted"
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
