R"sql(
-- What an operator changes of a rule besides its switch, and which of its alerts are not wanted, why and until when.
ALTER TABLE rule_states ADD COLUMN title TEXT;
ALTER TABLE rule_states ADD COLUMN exclude TEXT NOT NULL DEFAULT '';
ALTER TABLE rule_states ADD COLUMN throttle_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule_states ADD COLUMN throttle_most INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule_states ADD COLUMN throttle_by TEXT NOT NULL DEFAULT '';

CREATE TABLE rule_suppressions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  rule_id    TEXT NOT NULL,
  conditions TEXT NOT NULL,
  reason     TEXT NOT NULL CHECK (reason <> ''),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER,
  ended_by   TEXT
) STRICT;
CREATE INDEX rule_suppressions_by_end ON rule_suppressions (expires_at);
)sql"
