-- Search looks at what was published, and what was not is in no index of it: anybody makes a thousand drafts with ten thousand
-- letters each, and one change of their name would index all of them anew while everybody waits.

-- migrate:up
DROP TRIGGER apps_search_labels_update;
DROP TRIGGER apps_search_labels_delete;
DROP TRIGGER apps_search_labels_insert;
DROP TRIGGER apps_search_update;
DROP TRIGGER apps_search_delete;
DROP TRIGGER apps_search_insert;
DROP TABLE apps_labels;
DROP TABLE apps_trigrams;
DROP TABLE apps_fts;

CREATE VIEW apps_searched AS
 SELECT seq, name, package_id, description, tags, developer_name FROM apps WHERE first_published_at IS NOT NULL;

CREATE VIRTUAL TABLE apps_fts USING fts5(
  name, package_id, description, tags, developer_name,
  content = 'apps_searched', content_rowid = 'seq',
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE VIRTUAL TABLE apps_labels USING fts5(
  name, package_id, tags, developer_name,
  content = 'apps_searched', content_rowid = 'seq',
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE VIRTUAL TABLE apps_trigrams USING fts5(
  name, package_id,
  content = 'apps_searched', content_rowid = 'seq',
  -- Without options, so that the sqlite3 of a distribution that is years behind can still open and change the file.
  tokenize = 'trigram', detail = 'none'
);
-- What one account has of both is bounded, and to count it without these is to read through every description and manifest.
CREATE INDEX apps_unpublished ON apps (developer_id, id) WHERE first_published_at IS NULL;
CREATE INDEX app_versions_undecided ON app_versions (app_id, package_size) WHERE status IN ('draft', 'review');

INSERT INTO apps_fts (apps_fts) VALUES ('rebuild');
INSERT INTO apps_labels (apps_labels) VALUES ('rebuild');
INSERT INTO apps_trigrams (apps_trigrams) VALUES ('rebuild');

CREATE TRIGGER apps_search_insert AFTER INSERT ON apps WHEN NEW.first_published_at IS NOT NULL
BEGIN
  INSERT INTO apps_fts (rowid, name, package_id, description, tags, developer_name)
  VALUES (NEW.seq, NEW.name, NEW.package_id, NEW.description, NEW.tags, NEW.developer_name);
  INSERT INTO apps_labels (rowid, name, package_id, tags, developer_name)
  VALUES (NEW.seq, NEW.name, NEW.package_id, NEW.tags, NEW.developer_name);
  INSERT INTO apps_trigrams (rowid, name, package_id) VALUES (NEW.seq, NEW.name, NEW.package_id);
END;

CREATE TRIGGER apps_search_delete AFTER DELETE ON apps WHEN OLD.first_published_at IS NOT NULL
BEGIN
  INSERT INTO apps_fts (apps_fts, rowid, name, package_id, description, tags, developer_name)
  VALUES ('delete', OLD.seq, OLD.name, OLD.package_id, OLD.description, OLD.tags, OLD.developer_name);
  INSERT INTO apps_labels (apps_labels, rowid, name, package_id, tags, developer_name)
  VALUES ('delete', OLD.seq, OLD.name, OLD.package_id, OLD.tags, OLD.developer_name);
  INSERT INTO apps_trigrams (apps_trigrams, rowid, name, package_id) VALUES ('delete', OLD.seq, OLD.name, OLD.package_id);
END;

CREATE TRIGGER apps_search_update
AFTER UPDATE OF name, package_id, description, tags, developer_name, first_published_at ON apps
WHEN OLD.first_published_at IS NOT NULL OR NEW.first_published_at IS NOT NULL
BEGIN
  INSERT INTO apps_fts (apps_fts, rowid, name, package_id, description, tags, developer_name)
  SELECT 'delete', OLD.seq, OLD.name, OLD.package_id, OLD.description, OLD.tags, OLD.developer_name
   WHERE OLD.first_published_at IS NOT NULL;
  INSERT INTO apps_fts (rowid, name, package_id, description, tags, developer_name)
  SELECT NEW.seq, NEW.name, NEW.package_id, NEW.description, NEW.tags, NEW.developer_name
   WHERE NEW.first_published_at IS NOT NULL;
END;

CREATE TRIGGER apps_search_labels_update
AFTER UPDATE OF name, package_id, tags, developer_name, first_published_at ON apps
WHEN OLD.first_published_at IS NOT NULL OR NEW.first_published_at IS NOT NULL
BEGIN
  INSERT INTO apps_labels (apps_labels, rowid, name, package_id, tags, developer_name)
  SELECT 'delete', OLD.seq, OLD.name, OLD.package_id, OLD.tags, OLD.developer_name
   WHERE OLD.first_published_at IS NOT NULL;
  INSERT INTO apps_labels (rowid, name, package_id, tags, developer_name)
  SELECT NEW.seq, NEW.name, NEW.package_id, NEW.tags, NEW.developer_name WHERE NEW.first_published_at IS NOT NULL;
END;

CREATE TRIGGER apps_search_trigrams_update AFTER UPDATE OF name, package_id, first_published_at ON apps
WHEN OLD.first_published_at IS NOT NULL OR NEW.first_published_at IS NOT NULL
BEGIN
  INSERT INTO apps_trigrams (apps_trigrams, rowid, name, package_id)
  SELECT 'delete', OLD.seq, OLD.name, OLD.package_id WHERE OLD.first_published_at IS NOT NULL;
  INSERT INTO apps_trigrams (rowid, name, package_id)
  SELECT NEW.seq, NEW.name, NEW.package_id WHERE NEW.first_published_at IS NOT NULL;
END;

-- migrate:down
DROP INDEX app_versions_undecided;
DROP INDEX apps_unpublished;
DROP TRIGGER apps_search_trigrams_update;
DROP TRIGGER apps_search_labels_update;
DROP TRIGGER apps_search_update;
DROP TRIGGER apps_search_delete;
DROP TRIGGER apps_search_insert;
DROP TABLE apps_trigrams;
DROP TABLE apps_labels;
DROP TABLE apps_fts;
DROP VIEW apps_searched;

CREATE VIRTUAL TABLE apps_fts USING fts5(
  name, package_id, description, tags, developer_name,
  content = 'apps', content_rowid = 'seq',
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

CREATE VIRTUAL TABLE apps_trigrams USING fts5(
  name, package_id,
  content = 'apps', content_rowid = 'seq',
  -- Without options, so that the sqlite3 of a distribution that is years behind can still open and change the file.
  tokenize = 'trigram', detail = 'none'
);

INSERT INTO apps_fts (apps_fts) VALUES ('rebuild');
INSERT INTO apps_trigrams (apps_trigrams) VALUES ('rebuild');

CREATE TRIGGER apps_search_insert AFTER INSERT ON apps
BEGIN
  INSERT INTO apps_fts (rowid, name, package_id, description, tags, developer_name)
  VALUES (NEW.seq, NEW.name, NEW.package_id, NEW.description, NEW.tags, NEW.developer_name);
  INSERT INTO apps_trigrams (rowid, name, package_id) VALUES (NEW.seq, NEW.name, NEW.package_id);
END;

CREATE TRIGGER apps_search_delete AFTER DELETE ON apps
BEGIN
  INSERT INTO apps_fts (apps_fts, rowid, name, package_id, description, tags, developer_name)
  VALUES ('delete', OLD.seq, OLD.name, OLD.package_id, OLD.description, OLD.tags, OLD.developer_name);
  INSERT INTO apps_trigrams (apps_trigrams, rowid, name, package_id) VALUES ('delete', OLD.seq, OLD.name, OLD.package_id);
END;

CREATE TRIGGER apps_search_update AFTER UPDATE OF name, package_id, description, tags, developer_name ON apps
BEGIN
  INSERT INTO apps_fts (apps_fts, rowid, name, package_id, description, tags, developer_name)
  VALUES ('delete', OLD.seq, OLD.name, OLD.package_id, OLD.description, OLD.tags, OLD.developer_name);
  INSERT INTO apps_fts (rowid, name, package_id, description, tags, developer_name)
  VALUES (NEW.seq, NEW.name, NEW.package_id, NEW.description, NEW.tags, NEW.developer_name);
  INSERT INTO apps_trigrams (apps_trigrams, rowid, name, package_id) VALUES ('delete', OLD.seq, OLD.name, OLD.package_id);
  INSERT INTO apps_trigrams (rowid, name, package_id) VALUES (NEW.seq, NEW.name, NEW.package_id);
END;

CREATE VIRTUAL TABLE apps_labels USING fts5(
  name, package_id, tags, developer_name,
  content = 'apps', content_rowid = 'seq',
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO apps_labels (apps_labels) VALUES ('rebuild');

CREATE TRIGGER apps_search_labels_insert AFTER INSERT ON apps
BEGIN
  INSERT INTO apps_labels (rowid, name, package_id, tags, developer_name)
  VALUES (NEW.seq, NEW.name, NEW.package_id, NEW.tags, NEW.developer_name);
END;

CREATE TRIGGER apps_search_labels_delete AFTER DELETE ON apps
BEGIN
  INSERT INTO apps_labels (apps_labels, rowid, name, package_id, tags, developer_name)
  VALUES ('delete', OLD.seq, OLD.name, OLD.package_id, OLD.tags, OLD.developer_name);
END;

CREATE TRIGGER apps_search_labels_update AFTER UPDATE OF name, package_id, tags, developer_name ON apps
BEGIN
  INSERT INTO apps_labels (apps_labels, rowid, name, package_id, tags, developer_name)
  VALUES ('delete', OLD.seq, OLD.name, OLD.package_id, OLD.tags, OLD.developer_name);
  INSERT INTO apps_labels (rowid, name, package_id, tags, developer_name)
  VALUES (NEW.seq, NEW.name, NEW.package_id, NEW.tags, NEW.developer_name);
END;
