#include "intake/agent_positions.hpp"

#include <algorithm>
#include <deque>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "journal/transfer.hpp"

namespace yagura::intake {

namespace {

constexpr std::string_view kPositionKey = "agents/position";
constexpr std::size_t kMostSources = 1'000;  // of one agent: a foreign number

std::string key_of(std::string_view agent, const Guid& spool) { return fmt::format("{}/{}", agent, to_string(spool)); }

// Lines: "<taken> <at>", then "<count> <source, percent-encoded>".
std::string to_text(Position taken, Position at, const std::map<std::string, std::uint64_t>& journaled) {
  std::string out = fmt::format("{} {}\n", taken.number(), at.number());
  for (const auto& [source, count] : journaled) fmt::format_to(std::back_inserter(out), "{} {}\n", count, percent_encode(source));
  return out;
}

struct Saved {
  Position taken, at;
  std::map<std::string, std::uint64_t> journaled;
};

Result<Saved> parse_saved(std::string_view text, std::string_view key) {
  Saved out;
  bool first = true;
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    const auto blank = line.find(' ');
    const auto number = parse_uint64(line.substr(0, blank));
    if (!number || blank == std::string_view::npos) return fail(ErrorKind::corrupt, "the checkpoint '{}' is not one of ours", key);
    if (std::exchange(first, false)) {
      const auto at = parse_uint64(line.substr(blank + 1));
      if (!at) return fail(ErrorKind::corrupt, "the checkpoint '{}' is not one of ours", key);
      out.taken = Position(*number);
      out.at = Position(*at);
    } else {
      out.journaled[percent_decode(line.substr(blank + 1))] = *number;
    }
  }
  return out;
}

void count(std::map<std::string, std::uint64_t>& journaled, std::string_view source) {
  auto found = journaled.find(std::string(source));
  if (found == journaled.end()) {
    if (journaled.size() >= kMostSources) return;
    found = journaled.emplace(source, 0).first;
  }
  ++found->second;
}

// The part behind "agent:<id>/".
std::string_view own_source(std::string_view source) {
  const auto slash = source.find('/');
  return slash == std::string_view::npos ? source : source.substr(slash + 1);
}

}  // namespace

std::string agent_source(std::string_view agent, std::string_view source) { return fmt::format("agent:{}/{}", agent, source); }

Result<std::unique_ptr<AgentPositions>> AgentPositions::open(EntrySink& sink, CheckpointStore& checkpoints, const TailMaker& make_tail) {
  std::unique_ptr<AgentPositions> out(new AgentPositions(sink, checkpoints));
  const auto saved = TRY(checkpoints.load(kPositionKey), "reading how far agents have come");
  if (!saved) {
    // Written before the first batch is taken: from here on the journal has to be read after a crash.
    TRY(checkpoints.save(kPositionKey, std::to_string(sink.durable_position().number())), "keeping how far agents have come");
    return out;
  }
  const auto position = parse_uint64(*saved);
  if (!position) return fail(ErrorKind::corrupt, "the checkpoint '{}' is not one of ours", kPositionKey);
  const auto tail = make_tail(Position(*position + 1));
  TRY(out->recover(*tail), "reading what agents had sent before the last stop");
  return out;
}

Result<AgentPositions::State*> AgentPositions::state_of(std::string_view agent, const Guid& spool) {
  const auto key = key_of(agent, spool);
  const std::lock_guard lock(append_mutex_);
  if (const auto found = states_.find(key); found != states_.end()) return found->second.get();
  auto state = std::make_unique<State>();
  if (const auto text = TRY(checkpoints_.load("agents/" + key))) {
    auto saved = TRY(parse_saved(*text, key));
    state->taken = saved.taken;
    state->at = state->saved_at = saved.at;
    state->journaled = std::move(saved.journaled);
  }
  return states_.emplace(key, std::move(state)).first->second.get();
}

Result<> AgentPositions::recover(journal::Tail& tail) {
  // The batch whose entries are being read: those at `begin` + 1 ...
  std::optional<journal::TransferStatement> statement;
  State* state = nullptr;
  Position begin;
  std::uint64_t expected = 0;
  while (auto block = TRY(tail.next(Deadline::in(0ms)))) {
    for (const auto& entry : block->entries()) {
      if (entry.hint() == journal::kTransferHint) {
        auto parsed = journal::parse_transfer_statement(entry.payload);
        statement.reset();
        if (!parsed) {
          log_warning("intake", "entry {}: {}", entry.position.number(), parsed.error().message());
          continue;
        }
        begin = entry.position;
        expected = parsed->entries();
        state = TRY(state_of(parsed->sender, parsed->journal));
        statement = std::move(*parsed);
        continue;
      }
      if (!statement || entry.position.number() > begin.number() + expected) continue;
      if (entry.position <= state->at) continue;  // the checkpoint knows it
      const std::lock_guard lock(append_mutex_);
      state->taken = statement->position_of(entry.position.number() - begin.number() - 1);
      state->at = entry.position;
      count(state->journaled, own_source(entry.source()));
    }
  }
  return {};
}

Result<AgentProgress> AgentPositions::progress(std::string_view agent, const Guid& spool) {
  State* state = TRY(state_of(agent, spool));
  const std::lock_guard busy(state->busy);
  Position at;
  AgentProgress out;
  {
    const std::lock_guard lock(append_mutex_);
    at = state->at;
    out = {state->taken, state->journaled};
  }
  TRY(sink_.wait_durable(at, Deadline::in(5s)), "waiting for what the agent has sent before");
  return out;
}

Result<AgentTaken> AgentPositions::take(const AgentBatch& batch, Deadline deadline) {
  State* state = TRY(state_of(batch.agent, batch.spool));
  const std::lock_guard busy(state->busy);
  AgentTaken out;
  Position at;
  {
    const std::lock_guard lock(append_mutex_);
    if (batch.begins && state->taken == Position()) state->taken = batch.after;
    out.acked = state->taken;
    at = state->at;
  }
  if (batch.after > out.acked) {
    out.conflict = true;
    return out;
  }
  journal::TransferStatement statement{std::string(batch.agent), batch.spool, {}};
  std::vector<journal::EntryView> entries(1);  // the statement comes first
  // Names as they stand in this journal, by the origin in the batch; a deque keeps them in place.
  std::deque<std::pair<std::string, std::string>> names;
  const ReceiveTime now = ReceiveClock::now();
  for (const auto& run : batch.runs) {
    const auto fresh = run->last() <= out.acked ? std::span<const journal::Entry>() : run->entries_from(Position(out.acked.number() + 1));
    if (fresh.empty()) continue;
    statement.runs.push_back({fresh.front().position, static_cast<std::uint32_t>(fresh.size())});
    const journal::Origin* origin = nullptr;
    for (const auto& entry : fresh) {
      if (entry.origin != origin) {
        origin = entry.origin;
        std::string hint(entry.hint());
        // A line of a file says no host, or not always; a Windows event does.
        if (entry.peer().starts_with('/') && !hint.starts_with("windows-xml") && !batch.host.empty())
          hint += fmt::format("{}host={}", hint.find('?') == std::string::npos ? '?' : '&', percent_encode(batch.host));
        names.emplace_back(agent_source(batch.agent, entry.source()), std::move(hint));
      }
      if (entry.hint().starts_with(journal::kTransferHint) || entry.source().size() > 256 || entry.hint().size() > 8'192 || entry.peer().size() > 8'192)
        return fail(ErrorKind::corrupt, "entry {} has a source, sender or hint that no agent makes", entry.position.number());
      entries.push_back({.source = names.back().first,
                         .peer = entry.peer(),
                         .hint = names.back().second,
                         .received_at = now,
                         .read_at = entry.read_at ? entry.read_at : std::optional(entry.received_at),
                         .payload = entry.payload,
                         .item_id = entry.item_id,
                         .is_reference = entry.is_reference()});
      out.bytes += entry.payload.size();
    }
  }
  out.entries = entries.size() - 1;
  if (out.entries > 0) {
    const std::string said = journal::to_text(statement);
    entries.front() = {.source = "agents", .peer = batch.host, .hint = journal::kTransferHint, .received_at = now, .payload = said};
    const std::lock_guard lock(append_mutex_);
    // A short wait: others stand behind this lock, and the agent comes again by itself.
    auto appended = sink_.append(entries, std::min(deadline, Deadline::in(1s), [](const Deadline& a, const Deadline& b) { return a.at() < b.at(); }));
    if (!appended && appended.error().kind() == ErrorKind::invalid_input) return fail(ErrorKind::corrupt, "{}", appended.error().message());
    state->at = at = TRY(std::move(appended));
    out.acked = state->taken = statement.position_of(out.entries - 1);
    for (std::size_t i = 1; i < entries.size(); ++i) count(state->journaled, own_source(entries[i].source));
  }
  TRY(sink_.wait_durable(at, deadline));
  return out;
}

Result<> AgentPositions::checkpoint(std::chrono::seconds interval) {
  const std::unique_lock one(checkpoint_mutex_, std::try_to_lock);
  const auto now = std::chrono::steady_clock::now();
  if (!one.owns_lock() || now - last_checkpoint_ < interval) return {};
  struct Dirty {
    State* state;
    std::string key, text;
    Position at;
  };
  std::vector<Dirty> dirty;
  Position all;
  {
    const std::lock_guard lock(append_mutex_);
    all = sink_.durable_position();
    for (const auto& [key, state] : states_) {
      all = std::max(all, state->at);
      if (state->at != state->saved_at) dirty.push_back({state.get(), "agents/" + key, to_text(state->taken, state->at, state->journaled), state->at});
    }
  }
  if (dirty.empty()) return {};
  // It may speak only of what a crash cannot take back.
  TRY(sink_.wait_durable(all, Deadline::in(10s)));
  for (const auto& one_state : dirty) {
    TRY(checkpoints_.save(one_state.key, one_state.text));
    const std::lock_guard lock(append_mutex_);
    one_state.state->saved_at = one_state.at;
  }
  // Last: until then the journal is read again from the one before, and the states know what they have seen.
  TRY(checkpoints_.save(kPositionKey, std::to_string(all.number())));
  last_checkpoint_ = now;
  return {};
}

}  // namespace yagura::intake
