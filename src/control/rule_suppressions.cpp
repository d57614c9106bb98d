#include "control/rule_suppressions.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::control {

namespace {

constexpr std::int64_t kLongest = 366LL * 86'400 * kTicksPerSecond;

RuleSuppression suppression_of(const Row& row) {
  RuleSuppression one{.id = row.integer(0),
                      .rule_id = row.text(1),
                      .conditions = row.text(2),
                      .reason = row.text(3),
                      .created_ticks = row.integer(4),
                      .created_by = row.text(5),
                      .expires_ticks = row.integer(6),
                      .ended_ticks = std::nullopt,
                      .ended_by = {}};
  if (!row.is_null(7)) one.ended_ticks = row.integer(7);
  if (!row.is_null(8)) one.ended_by = row.text(8);
  return one;
}

}  // namespace

Result<std::vector<RuleSuppression>> RuleSuppressions::list(bool all) {
  std::vector<RuleSuppression> out;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT id, rule_id, conditions, reason, created_at, created_by, expires_at, ended_at, ended_by FROM rule_suppressions "
      "WHERE ?1 OR (ended_at IS NULL AND expires_at > ?2) ORDER BY id DESC LIMIT 10000",
      [&](const Row& row) {
        out.push_back(suppression_of(row));
        return true;
      },
      all, clock_()));
  return out;
}

Result<RuleSuppression> RuleSuppressions::add(RuleSuppression one, const Actor& actor) {
  if (one.rule_id.empty() || one.rule_id.size() > 256) return fail(ErrorKind::invalid_input, "a rule id has 1 to 256 bytes");
  if (trim(one.reason).empty() || one.reason.size() > 4'096)
    return fail(ErrorKind::invalid_input, "say why: a reason of 1 to 4096 bytes");
  if (one.conditions.empty()) one.conditions = "{}";
  if (one.conditions.size() > 16'384) return fail(ErrorKind::invalid_input, "the conditions have at most 16384 bytes");
  one.created_ticks = clock_();
  one.created_by = actor.name;
  if (one.expires_ticks <= one.created_ticks)
    return fail(ErrorKind::invalid_input, "the suppression would have ended already: give a time in the future");
  if (one.expires_ticks - one.created_ticks > kLongest)
    return fail(ErrorKind::invalid_input, "a suppression lasts a year at most; tune or disable the rule instead");
  auto writing = TRY(database_.write());
  TRY(writing.run("INSERT INTO rule_suppressions (rule_id, conditions, reason, created_at, created_by, expires_at) VALUES (?,?,?,?,?,?)",
                  one.rule_id, one.conditions, one.reason, one.created_ticks, one.created_by, one.expires_ticks));
  one.id = TRY(writing.integer("SELECT last_insert_rowid()")).value_or(0);
  TRY(append_audit(writing, {.at_ticks = one.created_ticks,
                             .actor = actor,
                             .action = "rule.suppress",
                             .target = one.rule_id,
                             .detail = fmt::format("number {}, until {}, where {}, because: {}", one.id,
                                                   format_datetime(one.expires_ticks), one.conditions, one.reason)}));
  TRY(writing.commit());
  return one;
}

Result<> RuleSuppressions::end(std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto now = clock_();
  const auto open = TRY(writing.integer(
      "SELECT count(*) FROM rule_suppressions WHERE id = ?1 AND ended_at IS NULL AND expires_at > ?2", id, now));
  if (open.value_or(0) == 0) return fail(ErrorKind::not_found, "there is no suppression {} that is still on", id);
  TRY(writing.run("UPDATE rule_suppressions SET ended_at = ?2, ended_by = ?3 WHERE id = ?1", id, now, actor.name));
  TRY(append_audit(writing,
                   {.at_ticks = now, .actor = actor, .action = "rule.unsuppress", .target = std::to_string(id)}));
  return writing.commit();
}

Result<std::string> RuleSuppressions::version() {
  std::string version;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT (SELECT count(*) FROM rule_states), (SELECT coalesce(max(changed_at), 0) FROM rule_states), "
      "(SELECT coalesce(max(id), 0) FROM rule_suppressions), (SELECT coalesce(max(ended_at), 0) FROM rule_suppressions)",
      [&](const Row& row) {
        version = fmt::format("{}.{}.{}.{}", row.integer(0), row.integer(1), row.integer(2), row.integer(3));
        return false;
      }));
  return version;
}

}  // namespace yagura::control
