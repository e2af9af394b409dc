-- Accounts and their credentials. Nothing here can be read back as a secret: passwords are argon2id, every token and
-- key is kept as its SHA-256.
--
-- Tables whose rows must not vanish are WITHOUT ROWID: a hidden row id is one more key that REPLACE can aim at. The guards
-- hold for whoever opens the file with foreign keys and recursive triggers off, as the sqlite3 shell does; they refuse
-- what REPLACE would delete before it is deleted, because no DELETE trigger fires for it there.

-- migrate:up
CREATE TABLE developers (
  id              TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  email           TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(email) BETWEEN 3 AND 254),
  name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  password_hash   TEXT,
  oauth_provider  TEXT,
  oauth_id        TEXT,
  verified        INTEGER NOT NULL DEFAULT 0 CHECK (verified IN (0, 1)),
  role            TEXT NOT NULL DEFAULT 'developer' CHECK (role IN ('developer', 'reviewer', 'admin')),
  suspended_at    TEXT,
  suspended_by    TEXT,
  suspend_reason  TEXT,
  -- A deleted account keeps its row (published apps point at it), emptied of everything personal.
  deleted_at      TEXT,
  created_at      TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  CHECK ((oauth_provider IS NULL) = (oauth_id IS NULL)),
  CHECK ((suspended_at IS NULL) = (suspend_reason IS NULL)),
  UNIQUE (oauth_provider, oauth_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX developers_created ON developers (created_at, id);

CREATE TRIGGER developers_update_guard BEFORE UPDATE ON developers
BEGIN
  SELECT RAISE(ABORT, 'developer-immutable: the id of an account never changes') WHERE NEW.id IS NOT OLD.id;
  -- UPDATE OR REPLACE would delete the account that has the address.
  SELECT RAISE(ABORT, 'email-taken: the address or the login belongs to another account')
   WHERE EXISTS (SELECT 1 FROM developers WHERE id != NEW.id AND email = NEW.email)
      OR EXISTS (SELECT 1 FROM developers WHERE id != NEW.id AND oauth_provider = NEW.oauth_provider
                                            AND oauth_id = NEW.oauth_id);
END;

CREATE TABLE sessions (
  id_hash       TEXT PRIMARY KEY NOT NULL CHECK (length(id_hash) = 64),
  developer_id  TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
  created_at    TEXT NOT NULL,
  last_seen_at  TEXT NOT NULL,
  expires_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_developer ON sessions (developer_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE one_time_tokens (
  token_hash    TEXT PRIMARY KEY NOT NULL CHECK (length(token_hash) = 64),
  purpose       TEXT NOT NULL CHECK (purpose IN ('verify-email', 'reset-password', 'create-admin')),
  -- The first admin has no account yet when the link is made.
  developer_id  TEXT REFERENCES developers (id) ON DELETE CASCADE,
  created_at    TEXT NOT NULL,
  expires_at    TEXT NOT NULL,
  CHECK ((purpose = 'create-admin') = (developer_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_tokens_developer ON one_time_tokens (developer_id, purpose);
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);

CREATE TABLE api_keys (
  id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  developer_id     TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
  name             TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  key_hash         TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64),
  key_prefix       TEXT NOT NULL,
  permissions      TEXT NOT NULL CHECK (json_valid(permissions) AND json_type(permissions) = 'array'),
  -- NULL: every app of the developer, later ones too.
  app_package_ids  TEXT CHECK (app_package_ids IS NULL OR json_type(app_package_ids) = 'array'),
  last_used_at     TEXT,
  expires_at       TEXT,
  revoked_at       TEXT,
  revoked_reason   TEXT,
  created_at       TEXT NOT NULL
) STRICT;
CREATE INDEX api_keys_developer ON api_keys (developer_id, created_at, id);

CREATE TABLE signing_keys (
  id              TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  developer_id    TEXT NOT NULL REFERENCES developers (id) ON DELETE CASCADE,
  name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  public_key      TEXT NOT NULL,
  fingerprint     TEXT NOT NULL CHECK (length(fingerprint) = 64),
  is_active       INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  deactivated_at  TEXT,
  created_at      TEXT NOT NULL,
  UNIQUE (developer_id, fingerprint),
  CHECK ((is_active = 1) = (deactivated_at IS NULL))
) STRICT, WITHOUT ROWID;

-- REPLACE would otherwise turn a deactivated key into a new, active one.
CREATE TRIGGER signing_keys_insert_guard BEFORE INSERT ON signing_keys
BEGIN
  SELECT RAISE(ABORT, 'signing-key-exists: this signing key was registered before')
   WHERE EXISTS (SELECT 1 FROM signing_keys WHERE id = NEW.id)
      OR EXISTS (SELECT 1 FROM signing_keys WHERE developer_id = NEW.developer_id AND fingerprint = NEW.fingerprint);
END;

CREATE TRIGGER signing_keys_immutable BEFORE UPDATE OF id, developer_id, public_key, fingerprint ON signing_keys
WHEN NEW.id IS NOT OLD.id OR NEW.developer_id IS NOT OLD.developer_id
  OR NEW.public_key IS NOT OLD.public_key OR NEW.fingerprint IS NOT OLD.fingerprint
BEGIN SELECT RAISE(ABORT, 'signing-key-immutable: a signing key never changes; register another one'); END;

CREATE TRIGGER signing_keys_stay_inactive BEFORE UPDATE OF is_active ON signing_keys
WHEN OLD.is_active = 0 AND NEW.is_active = 1
BEGIN SELECT RAISE(ABORT, 'signing-key-inactive: a deactivated key may be in wrong hands and stays inactive'); END;

-- Gone and registered again it would be active again; it goes only with its account.
CREATE TRIGGER signing_keys_stay BEFORE DELETE ON signing_keys
WHEN EXISTS (SELECT 1 FROM developers WHERE id = OLD.developer_id)
BEGIN SELECT RAISE(ABORT, 'signing-key-immutable: a signing key is deactivated, never deleted'); END;

-- migrate:down
DROP TABLE signing_keys;
DROP TABLE api_keys;
DROP TABLE one_time_tokens;
DROP TABLE sessions;
DROP TABLE developers;
