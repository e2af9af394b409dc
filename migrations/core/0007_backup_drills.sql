-- Verifications of the backups. A row is written before its restore begins and has to be in what comes back: a restore
-- without it is an older copy, whatever its integrity.

-- migrate:up
CREATE TABLE backup_drills (
  id           TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  state        TEXT NOT NULL CHECK (state IN ('running', 'passed', 'failed')),
  started_at   TEXT NOT NULL,
  finished_at  TEXT,
  report       TEXT CHECK (report IS NULL OR json_valid(report)),
  CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT, WITHOUT ROWID;

-- migrate:down
DROP TABLE backup_drills;
