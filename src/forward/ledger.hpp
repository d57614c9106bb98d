// What became of every event that a forwarder has looked at, and how far it has come: on disk, one file a destination.
//
// It always balances: scanned = sent + filtered (by rule) + lost (by reason). Bookmark and counters are one file,
// written whole: after a crash both are of the same moment, and what came after is scanned and counted again.
// "repeated" stands beside the balance: messages that were sent again after a broken connection and may have arrived
// twice. One thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/position.hpp"
#include "base/result.hpp"

namespace yagura::forward {

struct LedgerCounts {
  std::uint64_t scanned = 0;
  std::uint64_t sent = 0;
  std::map<std::string, std::uint64_t, std::less<>> filtered;  // by rule
  std::map<std::string, std::uint64_t, std::less<>> lost;      // by reason

  void add(const LedgerCounts& more);
  void filter(std::string_view rule, std::uint64_t count = 1);
  void lose(std::string_view reason, std::uint64_t count = 1);
  // Of what was counted as sent: the network says that it did not arrive.
  void sent_but_lost(std::string_view reason, std::uint64_t count);
  std::uint64_t filtered_total() const;
  std::uint64_t lost_total() const;
  bool balanced() const { return scanned == sent + filtered_total() + lost_total(); }
};

struct Ledger {
  LedgerCounts counts;
  Position from, bookmark;  // the first position scanned and the last one done with; 0: none yet
  std::uint64_t repeated = 0;
  std::uint64_t shortened = 0;  // sent, with something left out to fit into a datagram
  std::uint64_t connections = 0;
  std::uint64_t signing_session = 0;  // RFC 5848's RSID of the newest connection; 0: none was signed
  std::string since;  // when the first count was made

  // A file that is not there is an empty ledger. corrupt: not a ledger, or one that does not balance.
  static Result<Ledger> load(const std::filesystem::path& file);
  Result<> save(const std::filesystem::path& file) const;
  std::string to_json() const;
};

}  // namespace yagura::forward
