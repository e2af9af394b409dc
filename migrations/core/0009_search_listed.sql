-- What search ranks is only what is published; without this index finding that out reads each app's description.

-- migrate:up
CREATE INDEX apps_listed ON apps (seq, status, withdrawn_at, category) WHERE status = 'published' AND withdrawn_at IS NULL;

-- migrate:down
DROP INDEX apps_listed;
