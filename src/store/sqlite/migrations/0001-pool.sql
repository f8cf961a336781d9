-- The pool of one host. Migrations are never edited once released: a change is a new file.

-- One row once the pool is initialized, none before.
CREATE TABLE pool (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  provider TEXT NOT NULL
) STRICT;

CREATE TABLE reservation (
  id            TEXT PRIMARY KEY,
  type          TEXT NOT NULL CHECK (type IN ('run', 'manual')),
  uid           INTEGER NOT NULL,
  user_name     TEXT NOT NULL,
  reserved_at   INTEGER NOT NULL,
  -- manual
  expires_at    INTEGER,
  -- run
  heartbeat_at  INTEGER,
  boot_id       TEXT,
  pid_namespace TEXT,
  pid           INTEGER,
  start_ticks   INTEGER,
  CHECK ((type = 'manual') = (expires_at IS NOT NULL)),
  CHECK ((type = 'run') = (heartbeat_at IS NOT NULL AND boot_id IS NOT NULL AND pid_namespace IS NOT NULL
                           AND pid IS NOT NULL AND start_ticks IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- A GPU has one column for its reservation, so it cannot have two.
CREATE TABLE gpu (
  gpu_index        INTEGER PRIMARY KEY,
  last_released_at INTEGER,
  reservation_id   TEXT REFERENCES reservation (id)
) STRICT;
