// Memory that is freed all at once: what a batch owns and its views point into.
//
// Not thread-safe. Moving an Arena keeps its blocks where they are, so views stay good.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/annotations.hpp"

namespace yagura {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised memory; never null, throws std::bad_alloc as any allocation does.
  char* allocate(std::size_t size, std::size_t alignment = 1) YAGURA_LIFETIMEBOUND {
    const auto address = reinterpret_cast<std::uintptr_t>(next_);
    const std::size_t padding = (alignment - address % alignment) % alignment;
    if (size + padding <= static_cast<std::size_t>(end_ - next_)) [[likely]] {
      char* result = next_ + padding;
      next_ = result + size;
      return result;
    }
    return allocate_slow(size, alignment);
  }

  std::string_view copy(std::string_view text) YAGURA_LIFETIMEBOUND {
    if (text.empty()) return {};
    char* to = allocate(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // The joined parts, in one piece.
  std::string_view concat(std::string_view a, std::string_view b, std::string_view c = {}) YAGURA_LIFETIMEBOUND;

  template <class T>
  std::span<T> copy_array(std::span<const T> from) YAGURA_LIFETIMEBOUND {
    static_assert(std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<T>);
    if (from.empty()) return {};
    T* to = reinterpret_cast<T*>(allocate(from.size_bytes(), alignof(T)));
    std::memcpy(static_cast<void*>(to), from.data(), from.size_bytes());
    return {to, from.size()};
  }

  // Keeps `owner` alive as long as the arena: for received buffers that views point into.
  void adopt(std::shared_ptr<const void> owner) { adopted_.push_back(std::move(owner)); }

  // Forgets everything but the largest block, for reuse.
  void clear();
  std::size_t bytes_reserved() const { return reserved_; }

 private:
  char* allocate_slow(std::size_t size, std::size_t alignment);

  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t reserved_ = 0;
  std::vector<std::pair<std::unique_ptr<char[]>, std::size_t>> blocks_;
  std::vector<std::shared_ptr<const void>> adopted_;
};

}  // namespace yagura
