// Collects entries into the content of one block (docs/formats/journal.md, "Content of a block of entries").
//
// The payload bytes are copied once, here; the columns grow beside them as runs and varints. One thread at a time.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/entry.hpp"

namespace yagura::journal {

class BlockBuilder {
 public:
  explicit BlockBuilder(std::size_t expected_bytes) { content_.reserve(expected_bytes); }

  void add(const EntryView& entry);

  bool empty() const { return count_ == 0; }
  std::uint32_t count() const { return count_; }
  // Of the content as it would be now, near enough for bounds.
  std::size_t bytes() const {
    return content_.size() + origins_.size() + origin_runs_.size() + received_runs_.size() + lengths_.size() +
           read_at_.size() + item_ids_.size() + count_ / 4 + 64;
  }
  // With the separators.
  std::uint64_t payload_bytes() const { return payload_bytes_; }

  // The content; the builder is used up.
  std::string finish();

 private:
  std::uint32_t origin_number(const EntryView& entry);
  static void mark(std::vector<bool>& bits, std::uint32_t index) {
    if (bits.size() <= index) bits.resize(index + 1);
    bits[index] = true;
  }

  struct Known {
    std::uint64_t hash;
    std::size_t offset;  // of the origin in origins_
  };

  std::string content_;
  std::string origins_;
  std::string origin_runs_;
  std::string received_runs_;
  std::string lengths_;
  std::string read_at_;
  std::string item_ids_;
  std::vector<bool> has_read_at_;
  std::vector<bool> has_item_id_;
  std::vector<Known> known_;
  std::vector<std::uint32_t> table_;  // open addressing over known_, number + 1
  std::string scratch_;
  std::string last_origin_;  // encoded, of the entry before
  std::uint32_t count_ = 0;
  std::uint32_t separated_ = 0;  // leading payloads that end with a line feed of ours
  std::uint32_t read_at_count_ = 0;
  std::uint32_t item_id_count_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::uint32_t run_origin_ = 0;
  std::uint32_t run_origin_length_ = 0;
  std::int64_t run_received_ = 0;
  std::int64_t run_received_before_ = 0;
  std::uint32_t run_received_length_ = 0;
};

}  // namespace yagura::journal
