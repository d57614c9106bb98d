R"sql(
-- What is made of a table's rows before they are stored.
CREATE TABLE transformations (
  table_name TEXT PRIMARY KEY,
  query      TEXT NOT NULL,
  -- JSON: the columns by which dropped rows are counted; null: those that its filters name.
  count_by   TEXT,
  enabled    INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  -- JSON: counters and sketches of what was dropped, written now and then.
  state      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
)sql"
