// Journal entries as bytes for another machine, with the positions that they have here: what an agent sends to its server.
//
//   TransferBuilder batch;
//   for (const Entry& entry : entries) batch.add(entry);
//   post(batch.finish());                       // there: decode_transfer(body)
//
// And the statement that the receiver writes in front of a batch into its own journal, so that after a crash the journal
// itself tells how far each sender has come. Layout: docs/formats/agent-protocol.md. Foreign bytes: all is checked,
// memory stays within a small multiple of the input. Values; one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guid.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "journal/block.hpp"
#include "journal/block_builder.hpp"

namespace yagura::journal {

// Positions must grow; they may jump.
class TransferBuilder {
 public:
  void add(const Entry& entry);
  bool empty() const { return entries_ == 0; }
  std::uint32_t entries() const { return entries_; }
  std::size_t bytes() const { return out_.size() + (run_ ? run_->bytes() : 0); }
  Position last() const { return last_; }
  // The bytes; the builder is empty then and may be used again.
  std::string finish();

 private:
  void end_run();
  std::string out_;
  std::unique_ptr<BlockBuilder> run_;
  Position run_first_, last_;
  std::uint32_t entries_ = 0;
};

// Runs of consecutive positions, in rising order, none empty. corrupt names what is wrong.
Result<std::vector<std::shared_ptr<const Block>>> decode_transfer(std::string_view bytes);

// The hint of a statement's entry: it is no event.
inline constexpr std::string_view kTransferHint = "yagura-transfer";

// "The entries behind this one, entries() of them, are those of `sender`'s journal at these positions."
struct TransferStatement {
  struct Run {
    Position first;
    std::uint32_t count = 0;
    friend bool operator==(const Run&, const Run&) = default;
  };
  std::string sender;  // letters, digits and -
  Guid journal;        // the sender's
  std::vector<Run> runs;

  std::uint64_t entries() const;
  // Of the entry with that number, from 0.
  Position position_of(std::uint64_t index) const;
  friend bool operator==(const TransferStatement&, const TransferStatement&) = default;
};
std::string to_text(const TransferStatement& statement);
Result<TransferStatement> parse_transfer_statement(std::string_view text);

}  // namespace yagura::journal
