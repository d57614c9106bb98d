// How far this server's journal has come with each agent's spool: the rule that makes "at least once" on the wire once here.
//
// In front of each batch stands a statement in the journal (journal/transfer.hpp) that names the sender's positions. So the
// journal itself says how far it has come: after a crash it is read from the last checkpoint on, and a batch of which the
// disk got only the first half is known by exactly that half. A checkpoint is written only once everything that it speaks of
// is durable, now and then, by whoever comes next.
//
// Any thread. One batch of one agent at a time; batches of several agents wait for the disk together.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/annotations.hpp"
#include "base/guid.hpp"
#include "base/position.hpp"
#include "intake/checkpoint_store.hpp"
#include "intake/entry_sink.hpp"
#include "journal/block.hpp"
#include "journal/tail.hpp"

namespace yagura::intake {

struct AgentProgress {
  Position acked;                                  // in the agent's spool: everything up to it is durable here
  std::map<std::string, std::uint64_t> journaled;  // entries by source
};

struct AgentBatch {
  std::string_view agent;  // its id: letters, digits, '-'
  std::string_view host;   // for entries that come from files of that host
  Guid spool;
  Position after;  // what the agent believes that the server has: everything up to it
  bool begins = false;  // ... or what went elsewhere before it joined here: good while nothing is known of the spool
  std::span<const std::shared_ptr<const journal::Block>> runs;
};

struct AgentTaken {
  Position acked;
  std::uint64_t entries = 0, bytes = 0;  // that were new
  // The agent is ahead of us: we have lost what it believes we have. It should go back to `acked`.
  bool conflict = false;
};

class AgentPositions {
 public:
  // Gives a tail of the journal that `sink` writes.
  using TailMaker = std::function<std::unique_ptr<journal::Tail>(Position from)>;
  // Reads what came after the last checkpoint.
  static Result<std::unique_ptr<AgentPositions>> open(EntrySink& sink, CheckpointStore& checkpoints, const TailMaker& tail);

  Result<AgentProgress> progress(std::string_view agent, const Guid& spool);
  // Returns when the batch is durable. exhausted: the journal pushes back, nothing of it was taken; timeout: it was taken and
  // is not durable yet, so it must be sent again (and will be known then). corrupt: it cannot be taken at all.
  Result<AgentTaken> take(const AgentBatch& batch, Deadline deadline);
  // When `interval` has passed since the last one. Errors are for the log: nothing is lost without it.
  Result<> checkpoint(std::chrono::seconds interval = std::chrono::seconds(5));

 private:
  struct State {
    std::mutex busy;  // held while a batch of this spool is on its way
    // Guarded by append_mutex_:
    Position taken;      // in the spool: appended, perhaps not durable yet
    Position at;         // in our journal: the last entry of it
    Position saved_at;   // as the checkpoint says
    std::map<std::string, std::uint64_t> journaled;
  };
  AgentPositions(EntrySink& sink, CheckpointStore& checkpoints) : sink_(sink), checkpoints_(checkpoints) {}
  Result<State*> state_of(std::string_view agent, const Guid& spool);
  Result<> recover(journal::Tail& tail);

  EntrySink& sink_;
  CheckpointStore& checkpoints_;
  std::mutex append_mutex_;  // appending and what it says of positions are one step
  std::map<std::string, std::unique_ptr<State>, std::less<>> states_ GUARDED_BY(append_mutex_);
  std::mutex checkpoint_mutex_;
  std::chrono::steady_clock::time_point last_checkpoint_{};
};

// "agent:<id>/<source>": the source of an agent's entries in this server's journal.
std::string agent_source(std::string_view agent, std::string_view source);

}  // namespace yagura::intake
