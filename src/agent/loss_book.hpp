// Losses that no source can make good: what a socket dropped is nowhere else, so its count must outlive the process.
//
//   LossBook book(data / "losses");
//   book.load();
//   book.note("udp", status.dropped_why);   // the counts of the running source, which begin at 0 with each of its starts
//   heartbeat.lost = book.of("udp");        // since the agent was set up
//   book.keep();
//
// A file of lines "source reason count", percent-encoded, old or new and never half. What was counted since the last keep()
// is lost with a process that is killed. One thread at a time.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::agent {

class LossBook {
 public:
  using Counts = std::map<std::string, std::uint64_t>;  // by reason
  explicit LossBook(std::filesystem::path file) : file_(std::move(file)) {}

  // A file that is not there is an empty book. Lines that are none are left out.
  Result<> load();
  void note(const std::string& source, const Counts& running);
  // The source ends: its counts begin at 0 again.
  void ended(const std::string& source) { running_.erase(source); }
  Counts of(const std::string& source) const;
  // On disk, when something is new.
  Result<> keep();

 private:
  std::filesystem::path file_;
  std::map<std::string, Counts> totals_, running_;
  bool changed_ = false;
};

}  // namespace yagura::agent
