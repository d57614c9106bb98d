R"sql(
-- Agents on other hosts, the tokens they join with, and the configurations they are given.
CREATE TABLE agent_join_tokens (
  id          INTEGER PRIMARY KEY,
  token_hash  BLOB NOT NULL UNIQUE,
  hint        TEXT NOT NULL,
  name        TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  uses_left   INTEGER NOT NULL CHECK (uses_left >= 0)
) STRICT;

CREATE TABLE agents (
  id                  TEXT PRIMARY KEY,
  name                TEXT NOT NULL,
  enrolled_at         INTEGER NOT NULL,
  token_id            INTEGER NOT NULL,
  key_hash            BLOB NOT NULL,
  serial              TEXT NOT NULL,
  pending_serial      TEXT,
  certificate_expires INTEGER NOT NULL,
  removed_at          INTEGER,
  removed_by          TEXT,
  version             TEXT NOT NULL DEFAULT '',
  address             TEXT NOT NULL DEFAULT '',
  last_seen           INTEGER,
  configuration       TEXT NOT NULL DEFAULT 'default',
  applied_generation  INTEGER NOT NULL DEFAULT 0,
  configuration_error TEXT NOT NULL DEFAULT '',
  status              TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;
CREATE INDEX agents_by_token ON agents (token_id, key_hash);

-- What sources agents have; generation grows with each change.
CREATE TABLE agent_configurations (
  name       TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  text       TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql"
