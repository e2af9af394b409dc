-- The telemetry engine's own tables. Beside them it makes, by itself, one raw table per partition (a day of receipt,
-- `events_YYYYMMDD`) and one ledger table per seven days (`ledger_YYYYMMDD`); their shapes are in
-- libs/telemetry/src/storage/day-tables.ts. Days are days since 1970-01-01 UTC, times are milliseconds since then.

-- migrate:up
CREATE TABLE engine_state (
  key    TEXT PRIMARY KEY NOT NULL,
  value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
  app            INTEGER PRIMARY KEY AUTOINCREMENT,
  package_id     TEXT NOT NULL UNIQUE COLLATE NOCASE,
  -- Keys the HMAC that stands for a device id, so that devices cannot be linked across apps.
  pseudonym_key  BLOB NOT NULL CHECK (length(pseudonym_key) = 32),
  -- The next device's ordinal. Never goes down: an erased device's ordinal is not given to another one.
  next_ordinal   INTEGER NOT NULL DEFAULT 0 CHECK (next_ordinal BETWEEN 0 AND 4294967295)
) STRICT;

-- Dictionary of what repeats. Word 0 stands for "not said" everywhere and has no row.
CREATE TABLE words (
  word   INTEGER PRIMARY KEY AUTOINCREMENT,
  app    INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  kind   TEXT NOT NULL CHECK (kind IN ('type', 'app_version', 'mosis_version', 'os', 'country', 'device_model', 'locale')),
  value  TEXT NOT NULL,
  UNIQUE (app, kind, value)
) STRICT;

-- What a batch says about its device and app, as one number per raw row.
CREATE TABLE contexts (
  context        INTEGER PRIMARY KEY AUTOINCREMENT,
  app            INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  app_version    INTEGER NOT NULL,
  mosis_version  INTEGER NOT NULL,
  os             INTEGER NOT NULL,
  country        INTEGER NOT NULL,
  device_model   INTEGER NOT NULL,
  locale         INTEGER NOT NULL,
  UNIQUE (app, app_version, mosis_version, os, country, device_model, locale)
) STRICT;

CREATE TABLE devices (
  app        INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  pseudonym  BLOB NOT NULL CHECK (length(pseudonym) = 16),
  ordinal    INTEGER NOT NULL,
  PRIMARY KEY (app, pseudonym)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  session          INTEGER PRIMARY KEY AUTOINCREMENT,
  app              INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  device           INTEGER NOT NULL,
  session_id       BLOB NOT NULL CHECK (length(session_id) = 16),
  -- The partitions its first and newest batch lie in: while the first is there, raw rows tell the whole session.
  first_partition  INTEGER NOT NULL,
  last_partition   INTEGER NOT NULL,
  -- Rolled up: the earliest event, and its context (the lowest of those at that time). Null before the first roll-up.
  first_ms         INTEGER,
  first_context    INTEGER,
  crashed          INTEGER NOT NULL DEFAULT 0 CHECK (crashed IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX sessions_identity ON sessions (app, device, session_id);

-- One row per raw table.
CREATE TABLE partitions (
  day              INTEGER PRIMARY KEY,
  -- The watermark: raw rows up to this id are in the roll-ups, the rest are not.
  rolled_up_to     INTEGER NOT NULL DEFAULT 0,
  row_count        INTEGER NOT NULL DEFAULT 0,
  -- Sessions that began in this partition have this number or a higher one, below that of the next partition.
  first_session    INTEGER NOT NULL DEFAULT 0,
  -- Bucket days of the rows rolled up so far; null while there are none.
  first_bucket     INTEGER,
  last_bucket      INTEGER,
  -- Grows when rows are taken out (erasure); a copy made of an older revision is stale.
  revision         INTEGER NOT NULL DEFAULT 0,
  -- The Parquet copy in archive/, once it has been compared with the table.
  archive_revision INTEGER,
  archive_rows     INTEGER,
  archive_bytes    INTEGER,
  archive_sha256   TEXT CHECK (archive_sha256 IS NULL OR length(archive_sha256) = 64),
  archived_ms      INTEGER,
  -- The copy in the object store, when raw export is on.
  exported_sha256  TEXT CHECK (exported_sha256 IS NULL OR length(exported_sha256) = 64),
  exported_ms      INTEGER
) STRICT;

CREATE TABLE ledgers (
  first_day  INTEGER PRIMARY KEY
) STRICT;

-- How much was received, by app and day of receipt; written with the batches themselves.
CREATE TABLE receipts (
  app       INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  day       INTEGER NOT NULL,
  batches   INTEGER NOT NULL DEFAULT 0,
  accepted  INTEGER NOT NULL DEFAULT 0,
  rejected  INTEGER NOT NULL DEFAULT 0,
  new_devices INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (app, day)
) STRICT, WITHOUT ROWID;

-- What devices say they dropped before sending, by day of receipt.
CREATE TABLE sdk_drops (
  app     INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  day     INTEGER NOT NULL,
  reason  TEXT NOT NULL,
  events  INTEGER NOT NULL,
  PRIMARY KEY (app, day, reason)
) STRICT, WITHOUT ROWID;

-- The quarantine: why events or whole uploads were refused, counted, with a few samples.
CREATE TABLE rejection_counts (
  app     INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  day     INTEGER NOT NULL,
  code    TEXT NOT NULL,
  events  INTEGER NOT NULL,
  PRIMARY KEY (app, day, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE rejection_samples (
  sample       INTEGER PRIMARY KEY AUTOINCREMENT,
  app          INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  received_ms  INTEGER NOT NULL,
  code         TEXT NOT NULL,
  detail       TEXT NOT NULL,
  batch_id     TEXT,
  -- Position of the event in its batch; null when the whole upload was refused.
  event_index  INTEGER,
  app_version  TEXT,
  event        TEXT
) STRICT;
CREATE INDEX rejection_samples_app ON rejection_samples (app, sample);

-- Roll-ups. dimension: 0 none (value 0), 1 app_version, 2 mosis_version, 3 os, 4 country; value: a word, 0 for "not said".
-- measure: the word of an event type; or -1 sessions, -2 sessions with a crash, counted in the bucket of their first
-- event. bot: 1 when the device was a bot on that bucket day.
CREATE TABLE hour_counts (
  day        INTEGER NOT NULL,
  app        INTEGER NOT NULL,
  dimension  INTEGER NOT NULL CHECK (dimension BETWEEN 0 AND 4),
  hour       INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
  value      INTEGER NOT NULL,
  measure    INTEGER NOT NULL,
  bot        INTEGER NOT NULL CHECK (bot IN (0, 1)),
  n          INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (day, app, dimension, hour, value, measure, bot)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_counts (
  app        INTEGER NOT NULL,
  dimension  INTEGER NOT NULL CHECK (dimension BETWEEN 0 AND 4),
  day        INTEGER NOT NULL,
  value      INTEGER NOT NULL,
  measure    INTEGER NOT NULL,
  bot        INTEGER NOT NULL CHECK (bot IN (0, 1)),
  n          INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (app, dimension, day, value, measure, bot)
) STRICT, WITHOUT ROWID;

-- Exact device sets: Roaring bitmaps (portable format) of ordinals, bots included; bot_days takes them out.
CREATE TABLE hour_devices (
  day      INTEGER NOT NULL,
  app      INTEGER NOT NULL,
  hour     INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
  devices  BLOB NOT NULL,
  PRIMARY KEY (day, app, hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_devices (
  app        INTEGER NOT NULL,
  dimension  INTEGER NOT NULL CHECK (dimension BETWEEN 0 AND 4),
  -- 0: active; 1: had a crash.
  crashed    INTEGER NOT NULL CHECK (crashed IN (0, 1)),
  day        INTEGER NOT NULL,
  value      INTEGER NOT NULL,
  devices    BLOB NOT NULL,
  PRIMARY KEY (app, dimension, crashed, day, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE bot_days (
  app      INTEGER NOT NULL,
  day      INTEGER NOT NULL,
  devices  BLOB NOT NULL,
  PRIMARY KEY (app, day)
) STRICT, WITHOUT ROWID;

-- What the bot rule judges: a device's bucket day. Kept while its raw rows can be counted again.
CREATE TABLE device_days (
  day           INTEGER NOT NULL,
  app           INTEGER NOT NULL,
  device        INTEGER NOT NULL,
  events        INTEGER NOT NULL,
  -- Events that only a person's hand makes.
  interactions  INTEGER NOT NULL,
  -- Bit h: an interaction between h:00 and h:59.
  hours         INTEGER NOT NULL,
  PRIMARY KEY (day, app, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE crash_groups (
  crash_group  INTEGER PRIMARY KEY AUTOINCREMENT,
  app          INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  fingerprint  BLOB NOT NULL CHECK (length(fingerprint) = 16),
  kind         TEXT NOT NULL CHECK (kind IN ('app_crash', 'lua_error')),
  crash_type   TEXT NOT NULL,
  message      TEXT NOT NULL,
  frames       TEXT NOT NULL CHECK (json_valid(frames)),
  -- What the first one sent, and from which device: an erasure of that device takes it away.
  sample        TEXT,
  sample_device INTEGER,
  UNIQUE (app, fingerprint)
) STRICT;
CREATE TABLE crash_days (
  app          INTEGER NOT NULL,
  day          INTEGER NOT NULL,
  crash_group  INTEGER NOT NULL REFERENCES crash_groups (crash_group) ON DELETE RESTRICT,
  app_version  INTEGER NOT NULL,
  bot          INTEGER NOT NULL CHECK (bot IN (0, 1)),
  crashes      INTEGER NOT NULL CHECK (crashes >= 0),
  PRIMARY KEY (app, day, crash_group, app_version, bot)
) STRICT, WITHOUT ROWID;
CREATE TABLE crash_devices (
  app          INTEGER NOT NULL,
  day          INTEGER NOT NULL,
  crash_group  INTEGER NOT NULL REFERENCES crash_groups (crash_group) ON DELETE RESTRICT,
  devices      BLOB NOT NULL,
  PRIMARY KEY (app, day, crash_group)
) STRICT, WITHOUT ROWID;

-- Per bucket day: its version (grows whenever anything in it changes) and the version that was exported.
CREATE TABLE bucket_days (
  day               INTEGER PRIMARY KEY,
  version           INTEGER NOT NULL,
  changed_ms        INTEGER NOT NULL,
  exported_version  INTEGER,
  exported_rows     INTEGER,
  exported_bytes    INTEGER,
  exported_sha256   TEXT CHECK (exported_sha256 IS NULL OR length(exported_sha256) = 64),
  exported_ms       INTEGER
) STRICT;

CREATE TABLE erasures (
  erasure       TEXT PRIMARY KEY NOT NULL CHECK (length(erasure) = 36),
  app           INTEGER NOT NULL REFERENCES apps (app) ON DELETE RESTRICT,
  pseudonym     BLOB NOT NULL CHECK (length(pseudonym) = 16),
  -- The device's ordinal when the erasure began; null when it was not known.
  device        INTEGER,
  state         TEXT NOT NULL CHECK (state IN ('running', 'done')),
  requested_ms  INTEGER NOT NULL,
  done_ms       INTEGER,
  rows_erased   INTEGER NOT NULL DEFAULT 0,
  -- When it was written down outside of this file, so that a restore from an older copy erases again.
  logged_ms     INTEGER
) STRICT, WITHOUT ROWID;

-- migrate:down
DROP TABLE erasures;
DROP TABLE bucket_days;
DROP TABLE crash_devices;
DROP TABLE crash_days;
DROP TABLE crash_groups;
DROP TABLE device_days;
DROP TABLE bot_days;
DROP TABLE day_devices;
DROP TABLE hour_devices;
DROP TABLE day_counts;
DROP TABLE hour_counts;
DROP TABLE rejection_samples;
DROP TABLE rejection_counts;
DROP TABLE sdk_drops;
DROP TABLE receipts;
DROP TABLE ledgers;
DROP TABLE partitions;
DROP TABLE sessions;
DROP TABLE devices;
DROP TABLE contexts;
DROP TABLE words;
DROP TABLE apps;
DROP TABLE engine_state;
