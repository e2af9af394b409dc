-- What search looks at is only what is published. This index says so, and has what ranking and filters need to know of an app: in
-- the table they lie behind its description, which would be read as well.

-- migrate:up
CREATE INDEX apps_listed ON apps (seq, status, withdrawn_at, category, name, tags)
 WHERE status = 'published' AND withdrawn_at IS NULL;

-- migrate:down
DROP INDEX apps_listed;
