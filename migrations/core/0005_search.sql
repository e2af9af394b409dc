-- Search over apps: words with prefixes and ranking, and trigrams for what was misspelt or cut short.

-- migrate:up
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

-- A developer's new name shows at once where nothing was reviewed yet; elsewhere it waits for a review.
CREATE TRIGGER developers_rename AFTER UPDATE OF name ON developers WHEN NEW.name IS NOT OLD.name
BEGIN
  UPDATE apps SET developer_name = NEW.name
   WHERE developer_id = NEW.id AND first_published_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM app_versions v WHERE v.app_id = apps.id AND v.status IN ('review', 'approved'));
END;

-- A name that waited for the end of a submission shows when the submission ends without a publication.
CREATE TRIGGER apps_catch_up_developer_name AFTER UPDATE OF status ON app_versions
WHEN OLD.status = 'review' AND NEW.status IN ('draft', 'rejected')
BEGIN
  UPDATE apps SET developer_name = (SELECT name FROM developers WHERE id = apps.developer_id)
   WHERE id = NEW.app_id AND first_published_at IS NULL
     AND developer_name IS NOT (SELECT name FROM developers WHERE id = apps.developer_id)
     AND NOT EXISTS (SELECT 1 FROM app_versions v WHERE v.app_id = apps.id AND v.status IN ('review', 'approved'));
END;

-- migrate:down
DROP TRIGGER apps_catch_up_developer_name;
DROP TRIGGER developers_rename;
DROP TRIGGER apps_search_update;
DROP TRIGGER apps_search_delete;
DROP TRIGGER apps_search_insert;
DROP TABLE apps_trigrams;
DROP TABLE apps_fts;
