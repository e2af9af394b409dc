-- What people filter lists by, and who shows an icon. The rarer the answer is, the more an index saves: to find that no app
-- is suspended, or that an icon is not in the store, every app was read.

-- migrate:up
-- One index a state. In one index over the states SQLite would see a short way to the few apps of a state, and take it for the
-- store's lists too, which are of almost all apps and have better ones.
CREATE INDEX apps_draft ON apps (seq) WHERE status = 'draft';
CREATE INDEX apps_published ON apps (seq) WHERE status = 'published';
CREATE INDEX apps_suspended ON apps (seq) WHERE status = 'suspended';
CREATE INDEX apps_icon ON apps (icon_sha256) WHERE icon_sha256 IS NOT NULL;
CREATE INDEX developers_role ON developers (role, created_at, id);

-- migrate:down
DROP INDEX developers_role;
DROP INDEX apps_icon;
DROP INDEX apps_suspended;
DROP INDEX apps_published;
DROP INDEX apps_draft;
