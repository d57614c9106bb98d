// Device packs: how a vendor's messages are told, taken apart and named, as data (content/packs/*.yaml).
//
//   auto packs = normalise::PackSet::load("content/packs");
//   formats::decode(hint, origin, context, records);  ...
//   packs->apply(records);          // adds normalised fields (source.ip, user.name ...) to the records that a pack
//   knows
//
// A pack never takes anything from a record and never fails on data: what its patterns do not match stays as it is.
// Added fields have the names of the Elastic Common Schema and follow the record's own (Record::added_fields());
// besides pack.name and, when the pack says so, pack.table, which Router follows. event.time becomes the record's time
// when the message has none of its own, or the pack's `@timestamp` says better. The language: docs/adding/device.md.
//
// A PackSet is immutable; any number of threads may apply() it, each to its own batch.
#pragma once
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/record.hpp"

namespace yagura::normalise {

namespace detail {
struct Pack;
struct PackIndex;
}  // namespace detail

class PackSet {
 public:
  PackSet();
  ~PackSet();
  PackSet(PackSet&&) noexcept;
  PackSet& operator=(PackSet&&) noexcept;

  // Every *.yaml below `folder`; all mistakes of all files in one Error, with file and line.
  static Result<PackSet> load(const std::filesystem::path& folder);
  // One file's text; for tests and checks.
  static Result<PackSet> parse(std::string_view yaml, std::string name);

  enum class Use {
    stored,  // only where the result has a place in the record's table: not for text that goes to Syslog
    all,
  };
  // Each record with the pack that its field pack.use names (a source's setting), or else with the one whose `match`
  // knows it.
  void apply(event::RecordBatch& batch, Use use = Use::stored) const;
  // The record with the pack that its source is set to, whatever the message looks like. False: no pack of that name.
  bool apply(event::RecordBatch& batch, std::size_t record, std::string_view pack) const;

  // The record with the pack that knows it, wherever its fields go: for rules that look at them. False: none does, or it has
  // been applied already.
  bool apply(event::RecordBatch& batch, std::size_t record) const;
  // Names of the fields that packs add, each once.
  std::set<std::string, std::less<>> field_names() const;

  // The log sources that packs give their records, each once.
  struct Source {
    std::string product, category, service;
    friend auto operator<=>(const Source&, const Source&) = default;
  };
  std::vector<Source> log_sources() const;

  // The pack that knows the record; "" when none does.
  std::string_view identify(const event::Record& record) const;
  std::vector<std::string_view> names() const;

 private:
  Result<> add(std::string_view yaml, std::string name);
  void index();
  std::vector<std::unique_ptr<detail::Pack>> packs_;
  std::unique_ptr<detail::PackIndex> index_;
  std::unique_ptr<detail::PackIndex> stored_index_;  // of the packs that name a table
};

}  // namespace yagura::normalise
