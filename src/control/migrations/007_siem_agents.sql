R"sql(
-- Agents that hand events over to somebody else's SIEM: what each is to send, how far it has come, how it is.
CREATE TABLE siem_agents (
  id               INTEGER PRIMARY KEY,
  name             TEXT NOT NULL COLLATE NOCASE UNIQUE,
  token_hash       BLOB NOT NULL UNIQUE,
  token_hint       TEXT NOT NULL,
  enabled          INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  settings         TEXT NOT NULL,
  settings_version INTEGER NOT NULL DEFAULT 1,
  created_at       INTEGER NOT NULL,
  created_by       TEXT NOT NULL,
  -- Of a recovery agent: whose events it sends again, which time frame ([from, to) in ticks), under which mark.
  recovery_of      INTEGER REFERENCES siem_agents (id) ON DELETE SET NULL,
  recovery_id      TEXT NOT NULL DEFAULT '',
  window_from      INTEGER,
  window_to        INTEGER,
  deduplicate      INTEGER NOT NULL DEFAULT 0 CHECK (deduplicate IN (0, 1)),
  completed_at     INTEGER,
  first_seen       INTEGER,
  last_seen        INTEGER,
  version          TEXT NOT NULL DEFAULT '',
  host             TEXT NOT NULL DEFAULT '',
  instance         TEXT NOT NULL DEFAULT '',
  -- Positions of the journal up to and with `cursor` have been handed over, alerts up to `alert_cursor` (ticks).
  cursor           INTEGER NOT NULL DEFAULT 0,
  alert_cursor     INTEGER NOT NULL DEFAULT 0,
  recent_alerts    TEXT NOT NULL DEFAULT '[]',
  activities_sent  INTEGER NOT NULL DEFAULT 0,
  alerts_sent      INTEGER NOT NULL DEFAULT 0,
  duplicates       INTEGER NOT NULL DEFAULT 0,
  last_sent        INTEGER,
  trouble          TEXT NOT NULL DEFAULT '',
  trouble_detail   TEXT NOT NULL DEFAULT '',
  trouble_since    INTEGER
) STRICT;

-- Positions that an agent has handed over, as runs: [first, last]. What lies between them was not sent.
CREATE TABLE siem_agent_runs (
  agent_id INTEGER NOT NULL REFERENCES siem_agents (id) ON DELETE CASCADE,
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  PRIMARY KEY (agent_id, first)
) STRICT, WITHOUT ROWID;
)sql"
