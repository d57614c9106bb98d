R"sql(
-- What analysts and engineers keep: which rules run, saved queries, tables of their own.
CREATE TABLE rule_states (
  rule_id    TEXT PRIMARY KEY,
  enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  severity   TEXT,
  note       TEXT NOT NULL DEFAULT '',
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE saved_queries (
  id         INTEGER PRIMARY KEY,
  user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  text       TEXT NOT NULL,
  shared     INTEGER NOT NULL DEFAULT 0 CHECK (shared IN (0, 1)),
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (user_id, name)
) STRICT;

CREATE TABLE custom_tables (
  name        TEXT PRIMARY KEY CHECK (name LIKE '%\_CL' ESCAPE '\'),
  schema_json TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql"
