-- The audit log: append-only, each row chained to the one before it. Rows carry ids, never names or addresses, and no
-- foreign keys, so that what must be deletable can be deleted beside them.

-- migrate:up
CREATE TABLE audit_logs (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  occurred_at   TEXT NOT NULL,
  actor_kind    TEXT NOT NULL CHECK (actor_kind IN ('developer', 'api_key', 'system', 'anonymous', 'command_line')),
  actor_id      TEXT,
  -- The API key that was used, when it was one.
  credential_id TEXT,
  action        TEXT NOT NULL,
  subject_kind  TEXT NOT NULL,
  subject_id    TEXT NOT NULL,
  data          TEXT NOT NULL CHECK (json_valid(data)),
  request_id    TEXT,
  previous_hash TEXT NOT NULL CHECK (length(previous_hash) = 64),
  hash          TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX audit_logs_subject ON audit_logs (subject_kind, subject_id, seq);
CREATE INDEX audit_logs_actor ON audit_logs (actor_id, seq);
CREATE INDEX audit_logs_action ON audit_logs (action, seq);

-- Runs of rows that were moved to the object store, each an object of its own.
CREATE TABLE audit_segments (
  first_seq     INTEGER PRIMARY KEY,
  last_seq      INTEGER NOT NULL UNIQUE,
  object_key    TEXT NOT NULL UNIQUE,
  object_sha256 TEXT NOT NULL CHECK (length(object_sha256) = 64),
  first_previous_hash TEXT NOT NULL,
  last_hash     TEXT NOT NULL,
  created_at    TEXT NOT NULL,
  CHECK (last_seq >= first_seq)
) STRICT;

CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs
BEGIN SELECT RAISE(ABORT, 'audit-append-only: audit rows are never changed'); END;

-- A moved segment is the only way out, and only from the front.
CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs
WHEN NOT EXISTS (SELECT 1 FROM audit_segments s WHERE OLD.seq BETWEEN s.first_seq AND s.last_seq)
BEGIN SELECT RAISE(ABORT, 'audit-append-only: audit rows are never deleted'); END;

-- REPLACE deletes without firing a DELETE trigger on most connections, so an id that exists is refused here.
CREATE TRIGGER audit_logs_append_only BEFORE INSERT ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'audit-append-only: audit rows are only added at the end')
   WHERE NEW.seq IS NOT NULL AND NEW.seq != -1 AND NEW.seq <= (SELECT MAX(seq) FROM audit_logs);
  SELECT RAISE(ABORT, 'audit-chain: an audit row continues the row before it')
   WHERE NEW.previous_hash != COALESCE((SELECT hash FROM audit_logs ORDER BY seq DESC LIMIT 1),
                                       (SELECT last_hash FROM audit_segments ORDER BY first_seq DESC LIMIT 1),
                                       NEW.previous_hash);
END;

-- Before the insertion a number that was not given reads as -1; here it is the real one. A gap is what a cut looks like.
CREATE TRIGGER audit_logs_without_gap AFTER INSERT ON audit_logs
WHEN NEW.seq != 1 + COALESCE((SELECT MAX(seq) FROM audit_logs WHERE seq < NEW.seq),
                             (SELECT MAX(last_seq) FROM audit_segments), 0)
BEGIN SELECT RAISE(ABORT, 'audit-append-only: audit rows follow each other without a gap'); END;

CREATE TRIGGER audit_segments_no_update BEFORE UPDATE ON audit_segments
BEGIN SELECT RAISE(ABORT, 'audit-append-only: a moved segment is never changed'); END;
CREATE TRIGGER audit_segments_no_delete BEFORE DELETE ON audit_segments
BEGIN SELECT RAISE(ABORT, 'audit-append-only: a moved segment is never forgotten'); END;
CREATE TRIGGER audit_segments_append_only BEFORE INSERT ON audit_segments
BEGIN
  SELECT RAISE(ABORT, 'audit-append-only: segments follow each other without a gap')
   WHERE NEW.first_seq != (SELECT COALESCE(MAX(last_seq), 0) + 1 FROM audit_segments);
  -- REPLACE would forget the segment that has this object.
  SELECT RAISE(ABORT, 'audit-append-only: this object is a segment already')
   WHERE EXISTS (SELECT 1 FROM audit_segments WHERE object_key = NEW.object_key);
  SELECT RAISE(ABORT, 'audit-chain: a segment is made of the rows that are there')
   WHERE (SELECT COUNT(*) FROM audit_logs WHERE seq BETWEEN NEW.first_seq AND NEW.last_seq)
           != NEW.last_seq - NEW.first_seq + 1
      OR NEW.first_previous_hash IS NOT (SELECT previous_hash FROM audit_logs WHERE seq = NEW.first_seq)
      OR NEW.last_hash IS NOT (SELECT hash FROM audit_logs WHERE seq = NEW.last_seq);
END;

-- migrate:down
DROP TRIGGER audit_logs_no_delete;
DROP TRIGGER audit_segments_no_delete;
DROP TABLE audit_segments;
DROP TABLE audit_logs;
