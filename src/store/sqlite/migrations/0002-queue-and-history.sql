-- The line, what reservations have come to, and what has happened.

ALTER TABLE pool ADD COLUMN observed_at INTEGER;

ALTER TABLE gpu ADD COLUMN last_holder_uid INTEGER;
ALTER TABLE gpu ADD COLUMN last_reservation_id TEXT;
ALTER TABLE gpu ADD COLUMN unused_since INTEGER;
ALTER TABLE gpu ADD COLUMN drained_at INTEGER;
ALTER TABLE gpu ADD COLUMN drained_by_uid INTEGER;
ALTER TABLE gpu ADD COLUMN drained_by_name TEXT;
ALTER TABLE gpu ADD COLUMN drain_note TEXT;

-- A run reservation may be bound to several processes now, so they are a JSON array of
-- {"bootId", "pidNamespace", "pid", "startTicks"}; here and below where the word is `processes` or `process`.
CREATE TABLE reservation_new (
  id             TEXT PRIMARY KEY,
  type           TEXT NOT NULL CHECK (type IN ('run', 'manual')),
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  alias          TEXT,
  note           TEXT,
  reserved_at    INTEGER NOT NULL,
  waited_ms      INTEGER NOT NULL,
  unused_gpu_ms  INTEGER NOT NULL,
  -- manual: when it expires; run: by when it is known to have ended, if that is known
  ends_at        INTEGER,
  -- manual
  idle_warned_at INTEGER,
  -- run
  heartbeat_at   INTEGER,
  processes      TEXT,
  CHECK (type = 'run' OR ends_at IS NOT NULL),
  CHECK ((type = 'run') = (heartbeat_at IS NOT NULL AND processes IS NOT NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO reservation_new
  SELECT id, type, uid, user_name, NULL, NULL, reserved_at, 0, 0, expires_at, NULL, heartbeat_at,
         CASE type WHEN 'run' THEN json_array(json_object('bootId', boot_id, 'pidNamespace', pid_namespace,
                                                          'pid', pid, 'startTicks', start_ticks)) END
  FROM reservation;
DROP TABLE reservation;
ALTER TABLE reservation_new RENAME TO reservation;

-- The request that came first has the lowest number.
CREATE TABLE queue_entry (
  number        INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE,
  type          TEXT NOT NULL CHECK (type IN ('run', 'manual')),
  uid           INTEGER NOT NULL,
  user_name     TEXT NOT NULL,
  alias         TEXT,
  note          TEXT,
  gpu_count     INTEGER NOT NULL,
  -- a JSON array of GPU indices, or nothing for any
  gpu_ids       TEXT,
  policy        TEXT NOT NULL,
  queued_at     INTEGER NOT NULL,
  heartbeat_at  INTEGER NOT NULL,
  duration_ms   INTEGER,
  process       TEXT NOT NULL
) STRICT;

-- One row for each reservation that has ended.
CREATE TABLE usage_record (
  number         INTEGER PRIMARY KEY,
  id             TEXT NOT NULL,
  type           TEXT NOT NULL,
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  alias          TEXT,
  note           TEXT,
  -- GPU indices with commas between them: 0,3
  gpus           TEXT NOT NULL,
  reserved_at    INTEGER NOT NULL,
  ended_at       INTEGER NOT NULL,
  ending         TEXT NOT NULL,
  waited_ms      INTEGER NOT NULL,
  unused_gpu_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_record_by_end ON usage_record (ended_at);

CREATE TABLE event (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  uid        INTEGER NOT NULL,
  user_name  TEXT NOT NULL,
  alias      TEXT,
  id         TEXT,
  gpus       TEXT NOT NULL,
  by_uid     INTEGER,
  by_name    TEXT,
  note       TEXT
) STRICT;
CREATE INDEX event_by_time ON event (at);
