// The plugins that look for events one after another: sequence_detect, funnel_sequence_completion, funnel_sequence.
// https://learn.microsoft.com/kusto/query/sequence-detect-plugin, .../funnel-sequence-completion-plugin, .../funnel-sequence-plugin
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

// Input: the time, a boolean column for each step, then the dimensions. Every chain of rows with equal dimensions that match
// the steps in order is a row: the dimensions, the time of each step, the duration.
struct SequenceSettings {
  std::size_t steps = 0;
  std::int64_t max_step = 0, max_span = 0;  // ticks, or units of the time
};
std::shared_ptr<const LocalOperator> make_sequence_operator(SequenceSettings settings, std::vector<PlanColumn> result);

// Input: the time, the id, the state. For each bin, period and state of the sequence: how many ids came so far.
struct FunnelSettings {
  std::int64_t start = 0, end = 0, bin = 1;
  std::vector<std::string> sequence;
  std::vector<std::int64_t> periods;
};
std::shared_ptr<const LocalOperator> make_funnel_operator(FunnelSettings settings, std::vector<PlanColumn> result);

// Input: the time, the id, the state as a text, the state itself. Where an id's states go through the sequence, other states between
// them or not: what it was before, and what after. Repetitions of a state are one.
struct TransitionSettings {
  enum class Table : std::uint8_t { both, before, after };  // of the three that the plugin gives
  std::int64_t start = 0, end = 0, bin = 1, max_step = 0;
  std::vector<std::string> sequence;
  Table table = Table::both;
};
std::shared_ptr<const LocalOperator> make_transition_operator(TransitionSettings settings, std::vector<PlanColumn> result);

}  // namespace yagura::kql
