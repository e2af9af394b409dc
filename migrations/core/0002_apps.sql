-- Apps, what their store page says (revisions), their versions, and the names that are used up.

-- migrate:up
CREATE TABLE apps (
  -- FTS5 with external content needs a row id that no VACUUM renumbers.
  seq                   INTEGER PRIMARY KEY AUTOINCREMENT,
  id                    TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
  developer_id          TEXT NOT NULL REFERENCES developers (id) ON DELETE RESTRICT,
  package_id            TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(package_id) BETWEEN 3 AND 255
                          -- NOCASE folds ASCII only, so nothing else may stand in it.
                          AND package_id GLOB '[A-Za-z]*.[A-Za-z]*' AND package_id NOT GLOB '*[^A-Za-z0-9_.]*'),
  -- The listing. Before the first publication it is the developer's draft; afterwards always the reviewed, live one.
  name                  TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 50),
  description           TEXT NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  category              TEXT NOT NULL DEFAULT '' CHECK (length(category) <= 50),
  tags                  TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags) AND json_type(tags) = 'array'),
  icon_sha256           TEXT CHECK (icon_sha256 IS NULL OR length(icon_sha256) = 64),
  developer_name        TEXT NOT NULL CHECK (length(developer_name) BETWEEN 1 AND 100),
  status                TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'suspended')),
  live_revision_id      TEXT REFERENCES app_revisions (id) ON DELETE RESTRICT,
  -- The key of the first published version: another key of the same developer is a reason to look twice.
  bound_signing_key_id  TEXT REFERENCES signing_keys (id) ON DELETE RESTRICT,
  highest_version_code  INTEGER NOT NULL DEFAULT 0 CHECK (highest_version_code >= 0),
  first_published_at    TEXT,
  last_published_at     TEXT,
  withdrawn_at          TEXT,
  suspended_at          TEXT,
  suspended_by          TEXT,
  suspend_reason        TEXT,
  created_at            TEXT NOT NULL,
  updated_at            TEXT NOT NULL,
  CHECK ((status = 'suspended') = (suspended_at IS NOT NULL)),
  CHECK ((suspended_at IS NULL) = (suspend_reason IS NULL)),
  CHECK (status != 'published' OR first_published_at IS NOT NULL),
  CHECK (status != 'draft' OR first_published_at IS NULL),
  CHECK ((first_published_at IS NULL) = (live_revision_id IS NULL))
) STRICT;
CREATE INDEX apps_developer ON apps (developer_id, created_at, id);
CREATE INDEX apps_live_revision ON apps (live_revision_id);
CREATE INDEX apps_bound_signing_key ON apps (bound_signing_key_id);
CREATE INDEX apps_store_newest ON apps (first_published_at, seq) WHERE status = 'published' AND withdrawn_at IS NULL;
CREATE INDEX apps_store_updated ON apps (last_published_at, seq) WHERE status = 'published' AND withdrawn_at IS NULL;
CREATE INDEX apps_store_name ON apps (name COLLATE NOCASE, seq) WHERE status = 'published' AND withdrawn_at IS NULL;
CREATE INDEX apps_store_category ON apps (category, seq) WHERE status = 'published' AND withdrawn_at IS NULL;

CREATE TABLE app_revisions (
  id              TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  app_id          TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  state           TEXT NOT NULL CHECK (state IN ('waiting', 'live', 'past', 'discarded')),
  name            TEXT NOT NULL,
  description     TEXT NOT NULL,
  category        TEXT NOT NULL,
  tags            TEXT NOT NULL CHECK (json_valid(tags)),
  icon_sha256     TEXT,
  developer_name  TEXT NOT NULL,
  -- SHA-256 over the canonical form of the columns above.
  listing_sha256  TEXT NOT NULL CHECK (length(listing_sha256) = 64),
  created_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX app_revisions_app ON app_revisions (app_id, created_at);
CREATE UNIQUE INDEX app_revisions_one_live ON app_revisions (app_id) WHERE state = 'live';
CREATE UNIQUE INDEX app_revisions_one_waiting ON app_revisions (app_id) WHERE state = 'waiting';

CREATE TRIGGER app_revisions_insert_guard BEFORE INSERT ON app_revisions
BEGIN
  SELECT RAISE(ABORT, 'revision-starts-waiting: a listing goes live by a review') WHERE NEW.state != 'waiting';
  SELECT RAISE(ABORT, 'revision-exists: this revision, or another one that waits, is there already')
   WHERE EXISTS (SELECT 1 FROM app_revisions WHERE id = NEW.id)
      OR EXISTS (SELECT 1 FROM app_revisions WHERE app_id = NEW.app_id AND state = 'waiting');
END;

CREATE TRIGGER app_revisions_immutable
BEFORE UPDATE OF id, app_id, name, description, category, tags, icon_sha256, developer_name, listing_sha256, created_at
ON app_revisions
WHEN NEW.id IS NOT OLD.id OR NEW.app_id IS NOT OLD.app_id OR NEW.name IS NOT OLD.name
  OR NEW.description IS NOT OLD.description OR NEW.category IS NOT OLD.category OR NEW.tags IS NOT OLD.tags
  OR NEW.icon_sha256 IS NOT OLD.icon_sha256 OR NEW.developer_name IS NOT OLD.developer_name
  OR NEW.listing_sha256 IS NOT OLD.listing_sha256 OR NEW.created_at IS NOT OLD.created_at
BEGIN SELECT RAISE(ABORT, 'revision-immutable: a listing snapshot never changes; make another one'); END;

CREATE TRIGGER app_revisions_life_cycle BEFORE UPDATE OF state ON app_revisions
WHEN NEW.state IS NOT OLD.state
BEGIN
  SELECT RAISE(ABORT, 'revision-transition: a revision does not go from this state to that one')
   WHERE (OLD.state || '>' || NEW.state) NOT IN ('waiting>live', 'waiting>discarded', 'live>past');
  -- UPDATE OR REPLACE would delete the one that is live.
  SELECT RAISE(ABORT, 'revision-transition: another revision of this app is live')
   WHERE NEW.state = 'live' AND EXISTS (SELECT 1 FROM app_revisions WHERE app_id = NEW.app_id AND state = 'live');
END;

CREATE TRIGGER app_revisions_stay BEFORE DELETE ON app_revisions
WHEN EXISTS (SELECT 1 FROM apps WHERE id = OLD.app_id)
BEGIN SELECT RAISE(ABORT, 'revision-immutable: a listing snapshot is discarded, never deleted'); END;

CREATE TABLE app_versions (
  id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  app_id             TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  version_code       INTEGER NOT NULL CHECK (version_code BETWEEN 1 AND 2147483647),
  version_name       TEXT NOT NULL,
  package_url        TEXT NOT NULL,
  package_size       INTEGER NOT NULL CHECK (package_size > 0),
  package_sha256     TEXT NOT NULL CHECK (length(package_sha256) = 64),
  signature          TEXT NOT NULL,
  signing_key_id     TEXT NOT NULL REFERENCES signing_keys (id) ON DELETE RESTRICT,
  min_mosis_version  TEXT NOT NULL,
  status             TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'review', 'approved', 'published', 'rejected')),
  -- SHA-256 over the package's digest and the listing it ships with: what a review is about.
  subject_sha256     TEXT CHECK (subject_sha256 IS NULL OR length(subject_sha256) = 64),
  submitted_at       TEXT,
  published_at       TEXT,
  yanked_at          TEXT,
  yanked_by          TEXT CHECK (yanked_by IN ('owner', 'admin')),
  created_at         TEXT NOT NULL,
  updated_at         TEXT NOT NULL,
  -- What can be long stands last: SQLite reads a row up to the last column that is asked for.
  yank_reason        TEXT,
  review_notes       TEXT,
  permissions        TEXT NOT NULL CHECK (json_valid(permissions) AND json_type(permissions) = 'array'),
  release_notes      TEXT NOT NULL DEFAULT '' CHECK (length(release_notes) <= 10000),
  manifest           TEXT NOT NULL CHECK (json_valid(manifest)),
  -- What the archive holds: [{path, size_bytes, sha256}], so that two versions compare without opening either.
  files              TEXT NOT NULL CHECK (json_valid(files)),
  UNIQUE (app_id, version_code),
  CHECK ((status = 'draft') = (subject_sha256 IS NULL)),
  CHECK ((status = 'published') = (published_at IS NOT NULL)),
  CHECK (yanked_at IS NULL OR status = 'published'),
  CHECK ((yanked_at IS NULL) = (yanked_by IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX app_versions_signing_key ON app_versions (signing_key_id);
CREATE INDEX app_versions_package ON app_versions (package_sha256);
CREATE INDEX app_versions_offered ON app_versions (app_id, version_code) WHERE status = 'published' AND yanked_at IS NULL;

-- Package ids that no one may register again.
CREATE TABLE tombstones (
  package_id            TEXT PRIMARY KEY NOT NULL COLLATE NOCASE,
  highest_version_code  INTEGER NOT NULL,
  created_at            TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ingest_keys (
  id          TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  app_id      TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- Public and write-only: it ships inside apps, so it is kept as it is.
  key         TEXT NOT NULL UNIQUE,
  revoked_at  TEXT,
  created_at  TEXT NOT NULL
) STRICT;
CREATE INDEX ingest_keys_app ON ingest_keys (app_id, created_at);

CREATE TRIGGER apps_insert_guard BEFORE INSERT ON apps
BEGIN
  SELECT RAISE(ABORT, 'package-id-retired: this package id was used before and is never used again')
   WHERE EXISTS (SELECT 1 FROM tombstones WHERE package_id = NEW.package_id);
  -- Also stops REPLACE, which would delete the row that is there.
  SELECT RAISE(ABORT, 'package-id-taken: this package id belongs to an app')
   WHERE EXISTS (SELECT 1 FROM apps WHERE package_id = NEW.package_id OR id = NEW.id OR seq = NEW.seq);
  SELECT RAISE(ABORT, 'app-starts-as-draft: an app is published by publishing a version')
   WHERE NEW.status != 'draft' OR NEW.first_published_at IS NOT NULL;
  -- Deleted with foreign keys off, an app leaves its versions behind; nobody inherits them.
  SELECT RAISE(ABORT, 'app-id-used: versions or listings of an app with this id exist')
   WHERE EXISTS (SELECT 1 FROM app_versions WHERE app_id = NEW.id)
      OR EXISTS (SELECT 1 FROM app_revisions WHERE app_id = NEW.id);
END;

-- Before the insertion a row id that was not given reads as -1, so a row that really has it would hide from the guard above.
CREATE TRIGGER apps_sequence AFTER INSERT ON apps WHEN NEW.seq < 1
BEGIN SELECT RAISE(ABORT, 'app-sequence: the database numbers apps by itself'); END;

-- Without a list of columns: SET rowid = … would not match the name "seq".
CREATE TRIGGER apps_identity_immutable BEFORE UPDATE ON apps
BEGIN
  SELECT RAISE(ABORT, 'package-id-immutable: the package id of an app never changes')
   WHERE NEW.seq IS NOT OLD.seq OR NEW.id IS NOT OLD.id OR NEW.package_id IS NOT OLD.package_id COLLATE BINARY;
  SELECT RAISE(ABORT, 'app-owner-immutable: an app never changes hands') WHERE NEW.developer_id IS NOT OLD.developer_id;
END;

CREATE TRIGGER apps_published_once BEFORE UPDATE OF first_published_at, bound_signing_key_id ON apps
WHEN OLD.first_published_at IS NOT NULL AND (NEW.first_published_at IS NOT OLD.first_published_at
  OR NEW.bound_signing_key_id IS NOT OLD.bound_signing_key_id)
BEGIN SELECT RAISE(ABORT, 'app-was-published: the first publication of an app is never undone'); END;

CREATE TRIGGER apps_version_code_grows BEFORE UPDATE OF highest_version_code ON apps
WHEN NEW.highest_version_code < OLD.highest_version_code
BEGIN SELECT RAISE(ABORT, 'version-code-not-higher: version codes are never used again'); END;

CREATE TRIGGER apps_delete_guard BEFORE DELETE ON apps
WHEN OLD.first_published_at IS NOT NULL
  OR EXISTS (SELECT 1 FROM app_versions WHERE app_id = OLD.id AND status = 'published')
BEGIN SELECT RAISE(ABORT, 'app-was-published: an app that was published is withdrawn, never deleted'); END;

CREATE TRIGGER apps_leave_tombstone AFTER DELETE ON apps
BEGIN
  INSERT INTO tombstones (package_id, highest_version_code, created_at)
  VALUES (OLD.package_id, OLD.highest_version_code, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;

CREATE TRIGGER tombstones_stay_insert BEFORE INSERT ON tombstones
WHEN EXISTS (SELECT 1 FROM tombstones WHERE package_id = NEW.package_id)
  OR EXISTS (SELECT 1 FROM apps WHERE package_id = NEW.package_id)
BEGIN SELECT RAISE(ABORT, 'tombstone-final: a package id is retired once, when its app is deleted'); END;
CREATE TRIGGER tombstones_stay_delete BEFORE DELETE ON tombstones
BEGIN SELECT RAISE(ABORT, 'tombstone-final: a retired package id stays retired'); END;
CREATE TRIGGER tombstones_stay_update BEFORE UPDATE ON tombstones
BEGIN SELECT RAISE(ABORT, 'tombstone-final: a retired package id stays retired'); END;

CREATE TRIGGER app_versions_insert_guard BEFORE INSERT ON app_versions
BEGIN
  SELECT RAISE(ABORT, 'version-starts-as-draft: a version is uploaded as a draft')
   WHERE NEW.status != 'draft' OR NEW.yanked_at IS NOT NULL;
  -- Also stops REPLACE: a code or id that exists is never higher, or new.
  SELECT RAISE(ABORT, 'version-code-not-higher: version codes grow strictly within an app')
   WHERE NEW.version_code <= (SELECT highest_version_code FROM apps WHERE id = NEW.app_id);
  SELECT RAISE(ABORT, 'version-exists: this version is there already')
   WHERE EXISTS (SELECT 1 FROM app_versions WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'signing-key-inactive: the signing key belongs to somebody else or is not active')
   WHERE NOT EXISTS (SELECT 1 FROM signing_keys k JOIN apps a ON a.developer_id = k.developer_id
                      WHERE k.id = NEW.signing_key_id AND a.id = NEW.app_id AND k.is_active = 1);
END;

CREATE TRIGGER app_versions_use_code AFTER INSERT ON app_versions
BEGIN
  UPDATE apps SET highest_version_code = NEW.version_code WHERE id = NEW.app_id;
END;

CREATE TRIGGER app_versions_content_immutable
BEFORE UPDATE OF id, app_id, version_code, version_name, package_url, package_size, package_sha256, signature,
  signing_key_id, permissions, min_mosis_version, manifest, files, created_at ON app_versions
WHEN NEW.id IS NOT OLD.id OR NEW.app_id IS NOT OLD.app_id OR NEW.version_code IS NOT OLD.version_code
  OR NEW.version_name IS NOT OLD.version_name OR NEW.package_url IS NOT OLD.package_url
  OR NEW.package_size IS NOT OLD.package_size OR NEW.package_sha256 IS NOT OLD.package_sha256
  OR NEW.signature IS NOT OLD.signature OR NEW.signing_key_id IS NOT OLD.signing_key_id
  OR NEW.permissions IS NOT OLD.permissions OR NEW.min_mosis_version IS NOT OLD.min_mosis_version
  OR NEW.manifest IS NOT OLD.manifest OR NEW.files IS NOT OLD.files OR NEW.created_at IS NOT OLD.created_at
BEGIN SELECT RAISE(ABORT, 'version-immutable: the package of a version never changes; upload a new version'); END;

CREATE TRIGGER app_versions_notes_frozen BEFORE UPDATE OF release_notes ON app_versions
WHEN OLD.status != 'draft' AND NEW.release_notes IS NOT OLD.release_notes
BEGIN SELECT RAISE(ABORT, 'version-not-draft: release notes are frozen with the submission'); END;

CREATE TRIGGER app_versions_times_frozen BEFORE UPDATE OF submitted_at, published_at ON app_versions
WHEN NEW.status IS OLD.status AND OLD.status != 'draft'
  AND (NEW.submitted_at IS NOT OLD.submitted_at OR NEW.published_at IS NOT OLD.published_at)
BEGIN SELECT RAISE(ABORT, 'version-immutable: when a version was submitted or published is history'); END;

CREATE TRIGGER app_versions_admin_yank BEFORE UPDATE OF yanked_by ON app_versions
WHEN OLD.yanked_by = 'admin' AND NEW.yanked_by = 'owner'
BEGIN SELECT RAISE(ABORT, 'yanked-by-admin: what an admin yanked is not its owner''s to yank'); END;

CREATE TRIGGER app_versions_delete_guard BEFORE DELETE ON app_versions
WHEN OLD.status != 'draft' AND EXISTS (
  SELECT 1 FROM apps WHERE id = OLD.app_id AND (first_published_at IS NOT NULL OR OLD.status != 'rejected'))
BEGIN SELECT RAISE(ABORT, 'version-not-draft: only a draft is deleted'); END;

-- migrate:down
DROP TABLE ingest_keys;
DROP TRIGGER tombstones_stay_delete;
DROP TRIGGER app_versions_delete_guard;
DROP TRIGGER apps_delete_guard;
DROP TRIGGER apps_leave_tombstone;
DROP TABLE app_versions;
DROP TABLE app_revisions;
DROP TABLE apps;
DROP TABLE tombstones;
