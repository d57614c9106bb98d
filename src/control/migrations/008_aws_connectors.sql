R"sql(
-- Queues that tell of objects in S3, and which objects have been taken.
CREATE TABLE aws_connectors (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL COLLATE NOCASE UNIQUE,
  settings   TEXT NOT NULL,
  enabled    INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  -- Where to read the journal from after a crash, to see what it has of objects under way.
  read_from  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Done ones are kept longer than SQS can deliver again (14 days); those set aside until somebody looks.
CREATE TABLE aws_objects (
  connector TEXT NOT NULL COLLATE NOCASE,
  object    BLOB NOT NULL,
  records   INTEGER NOT NULL,
  done_at   INTEGER NOT NULL,
  PRIMARY KEY (connector, object)
) STRICT, WITHOUT ROWID;
CREATE INDEX aws_objects_by_time ON aws_objects (done_at);

CREATE TABLE aws_objects_aside (
  connector TEXT NOT NULL COLLATE NOCASE,
  object    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  records   INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (connector, object)
) STRICT, WITHOUT ROWID;
)sql"
