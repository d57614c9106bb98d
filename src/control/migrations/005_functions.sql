R"sql(
-- Stored functions, and watchlists with their items.
CREATE TABLE functions (
  name       TEXT PRIMARY KEY,
  parameters TEXT NOT NULL,
  body       TEXT NOT NULL,
  folder     TEXT NOT NULL DEFAULT '',
  docstring  TEXT NOT NULL DEFAULT '',
  is_view    INTEGER NOT NULL DEFAULT 0 CHECK (is_view IN (0, 1)),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE watchlists (
  id          TEXT PRIMARY KEY,
  alias       TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  provider    TEXT NOT NULL DEFAULT '',
  source      TEXT NOT NULL DEFAULT '',
  search_key  TEXT NOT NULL,
  columns     TEXT NOT NULL,
  version     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  changed_at  INTEGER NOT NULL,
  changed_by  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE watchlist_items (
  watchlist_id TEXT NOT NULL REFERENCES watchlists (id) ON DELETE CASCADE,
  item_id      TEXT NOT NULL,
  place        INTEGER NOT NULL,
  search_key   TEXT NOT NULL,
  item         TEXT NOT NULL,
  changed_at   INTEGER NOT NULL,
  PRIMARY KEY (watchlist_id, item_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX watchlist_items_by_key ON watchlist_items (watchlist_id, search_key);
)sql"
