#include "base/arena.hpp"

#include <algorithm>
#include <utility>

namespace yagura {

namespace {
constexpr std::size_t kFirstBlock = 4096;
constexpr std::size_t kLargestGrowth = 1 << 20;
}  // namespace

Arena::Arena(Arena&& other) noexcept
    : next_(std::exchange(other.next_, nullptr)),
      end_(std::exchange(other.end_, nullptr)),
      reserved_(std::exchange(other.reserved_, 0)),
      blocks_(std::move(other.blocks_)),
      adopted_(std::move(other.adopted_)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this == &other) return *this;
  next_ = std::exchange(other.next_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  reserved_ = std::exchange(other.reserved_, 0);
  blocks_ = std::move(other.blocks_);
  adopted_ = std::move(other.adopted_);
  return *this;
}

char* Arena::allocate_slow(std::size_t size, std::size_t alignment) {
  const std::size_t last = blocks_.empty() ? kFirstBlock / 2 : blocks_.back().second;
  const std::size_t block = std::max(size + alignment, std::min(last * 2, kLargestGrowth));
  blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(block), block);
  reserved_ += block;
  next_ = blocks_.back().first.get();
  end_ = next_ + block;
  return allocate(size, alignment);
}

std::string_view Arena::concat(std::string_view a, std::string_view b, std::string_view c) {
  const std::size_t size = a.size() + b.size() + c.size();
  if (size == 0) return {};
  char* to = allocate(size);
  if (!a.empty()) std::memcpy(to, a.data(), a.size());
  if (!b.empty()) std::memcpy(to + a.size(), b.data(), b.size());
  if (!c.empty()) std::memcpy(to + a.size() + b.size(), c.data(), c.size());
  return {to, size};
}

void Arena::clear() {
  adopted_.clear();
  if (blocks_.empty()) return;
  auto largest = std::max_element(blocks_.begin(), blocks_.end(),
                                  [](const auto& a, const auto& b) { return a.second < b.second; });
  auto keep = std::move(*largest);
  blocks_.clear();
  reserved_ = keep.second;
  next_ = keep.first.get();
  end_ = next_ + keep.second;
  blocks_.push_back(std::move(keep));
}

}  // namespace yagura
