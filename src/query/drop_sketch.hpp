// What a transformation has dropped, in bounded memory: by the values of some columns how many rows, when first and last, and
// one of them.
//
// The most frequent values are kept by Space-Saving (Metwally et al. 2005): a new value takes the place of the rarest one, and
// `at_most_less` says by how much its count may be too high. Any thread.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/annotations.hpp"
#include "event/table_batch.hpp"

namespace yagura::query {

class DropSketch {
 public:
  static constexpr std::size_t kMostKeys = 256;

  explicit DropSketch(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void add(const event::TableBatch& rows, std::span<const std::uint32_t> dropped);
  const std::vector<std::string>& columns() const { return columns_; }
  std::uint64_t rows() const;
  std::uint64_t bytes() const;
  // {"rows":..,"bytes":..,"columns":[..],"values":[{"key":[..],"rows":..,...}]}: the most frequent first.
  std::string to_json(std::size_t most) const;
  // Takes over what to_json() wrote, if it is of the same columns; what is not understood is left out.
  void restore(std::string_view json);

 private:
  struct Entry {
    std::uint64_t rows = 0, at_most_less = 0;
    std::int64_t first_ticks = 0, last_ticks = 0;
    std::string sample;  // JSON
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  Entries::iterator make_room(std::string key);  // with mutex_ held

  const std::vector<std::string> columns_;
  mutable std::mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);
  std::set<std::pair<std::uint64_t, std::string_view>> by_count_ GUARDED_BY(mutex_);  // views of entries_' keys
  std::uint64_t rows_ GUARDED_BY(mutex_) = 0, bytes_ GUARDED_BY(mutex_) = 0;
};

// A row as a JSON object of the columns that it has a value in; long texts are cut.
std::string row_json(const event::TableBatch& rows, std::size_t row, std::size_t most_bytes);
// What the row's values take, roughly: their text.
std::uint64_t row_bytes(const event::TableBatch& rows, std::size_t row);

}  // namespace yagura::query
