-- What an app is called and labelled with, without its description: what is looked for among names has to pass over every
-- description that has the word as well, where one index holds both.

-- migrate:up
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

-- migrate:down
DROP TRIGGER apps_search_labels_insert;
DROP TRIGGER apps_search_labels_delete;
DROP TRIGGER apps_search_labels_update;
DROP TABLE apps_labels;
