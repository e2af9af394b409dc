-- What keeps the server honest across restarts: answers that may be asked for again, and work that outlives a process.

-- migrate:up
CREATE TABLE idempotency_keys (
  actor           TEXT NOT NULL,
  route           TEXT NOT NULL,
  key             TEXT NOT NULL,
  -- SHA-256 of the body; unknown while an upload is still arriving.
  request_sha256  TEXT,
  state           TEXT NOT NULL CHECK (state IN ('running', 'done')),
  status_code     INTEGER,
  response        TEXT CHECK (response IS NULL OR json_valid(response)),
  created_at      TEXT NOT NULL,
  expires_at      TEXT NOT NULL,
  PRIMARY KEY (actor, route, key),
  CHECK ((state = 'done') = (status_code IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

CREATE TABLE jobs (
  id           TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  kind         TEXT NOT NULL,
  payload      TEXT NOT NULL CHECK (json_valid(payload)),
  state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
  run_at       TEXT NOT NULL,
  attempts     INTEGER NOT NULL DEFAULT 0,
  last_error   TEXT,
  result       TEXT CHECK (result IS NULL OR json_valid(result)),
  created_at   TEXT NOT NULL,
  updated_at   TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state = 'queued';
CREATE INDEX jobs_kind ON jobs (kind, created_at);
CREATE INDEX jobs_failed ON jobs (kind) WHERE state = 'failed';

-- Objects that are being stored and that no row names yet: what a killed process leaves here, the next start removes.
CREATE TABLE pending_objects (
  id          TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  object_key  TEXT NOT NULL,
  created_at  TEXT NOT NULL
) STRICT;
CREATE INDEX pending_objects_key ON pending_objects (object_key);

-- migrate:down
DROP TABLE pending_objects;
DROP TABLE jobs;
DROP TABLE idempotency_keys;
