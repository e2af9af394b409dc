-- Reviews, the checks they rest on, and the guards that tie publication to both. The life cycle of a version stands in
-- the application's state machine; these triggers hold it for whoever writes to the file directly.

-- migrate:up
CREATE TABLE reviews (
  id              TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  kind            TEXT NOT NULL CHECK (kind IN ('version', 'listing')),
  app_id          TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  version_id      TEXT REFERENCES app_versions (id) ON DELETE CASCADE,
  revision_id     TEXT NOT NULL REFERENCES app_revisions (id) ON DELETE CASCADE,
  subject_sha256  TEXT NOT NULL CHECK (length(subject_sha256) = 64),
  -- Why a human is needed: [{code, detail}].
  reasons         TEXT NOT NULL CHECK (json_valid(reasons) AND json_type(reasons) = 'array'),
  submitted_by    TEXT NOT NULL,
  submitted_at    TEXT NOT NULL,
  due_at          TEXT NOT NULL,
  claimed_by      TEXT REFERENCES developers (id) ON DELETE SET NULL,
  claimed_at      TEXT,
  decision        TEXT CHECK (decision IN ('approved', 'rejected', 'withdrawn', 'superseded')),
  reviewer_id     TEXT REFERENCES developers (id) ON DELETE SET NULL,
  -- Set when the owner decided under ALLOW_SELF_REVIEW.
  self_review     INTEGER NOT NULL DEFAULT 0 CHECK (self_review IN (0, 1)),
  reason_code     TEXT,
  notes           TEXT,
  decided_at      TEXT,
  CHECK ((kind = 'version') = (version_id IS NOT NULL)),
  CHECK ((decision IS NULL) = (decided_at IS NULL)),
  -- COALESCE: a CHECK that is NULL counts as kept.
  CHECK (decision IS NOT 'rejected' OR COALESCE(length(trim(notes, char(9, 10, 13, 32))), 0) > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX reviews_app ON reviews (app_id, submitted_at);
CREATE INDEX reviews_version ON reviews (version_id);
CREATE INDEX reviews_revision ON reviews (revision_id);
CREATE INDEX reviews_claimed ON reviews (claimed_by);
CREATE INDEX reviews_reviewer ON reviews (reviewer_id);
CREATE INDEX reviews_pending ON reviews (due_at, id) WHERE decision IS NULL;
CREATE INDEX reviews_decided ON reviews (decided_at, id) WHERE decision IS NOT NULL;
CREATE UNIQUE INDEX reviews_one_open ON reviews (app_id, kind) WHERE decision IS NULL;

CREATE TABLE check_results (
  id              TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  version_id      TEXT NOT NULL REFERENCES app_versions (id) ON DELETE CASCADE,
  package_sha256  TEXT NOT NULL CHECK (length(package_sha256) = 64),
  name            TEXT NOT NULL,
  required        INTEGER NOT NULL CHECK (required IN (0, 1)),
  run             INTEGER NOT NULL CHECK (run >= 1),
  status          TEXT NOT NULL CHECK (status IN ('queued', 'running', 'passed', 'failed', 'errored', 'skipped')),
  code            TEXT,
  detail          TEXT,
  evidence        TEXT CHECK (evidence IS NULL OR json_valid(evidence)),
  started_at      TEXT NOT NULL,
  finished_at     TEXT,
  UNIQUE (version_id, name, run)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER check_results_insert_guard BEFORE INSERT ON check_results
WHEN EXISTS (SELECT 1 FROM check_results WHERE id = NEW.id)
  OR NEW.run <= (SELECT MAX(run) FROM check_results WHERE version_id = NEW.version_id AND name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'check-final: a check is run again under the next number'); END;

CREATE TRIGGER check_results_final BEFORE UPDATE ON check_results
WHEN OLD.status IN ('passed', 'failed', 'errored', 'skipped')
BEGIN SELECT RAISE(ABORT, 'check-final: a finished check is run again, never rewritten'); END;

CREATE TRIGGER check_results_subject_immutable
BEFORE UPDATE OF id, version_id, package_sha256, name, required, run ON check_results
WHEN NEW.id IS NOT OLD.id OR NEW.version_id IS NOT OLD.version_id OR NEW.package_sha256 IS NOT OLD.package_sha256
  OR NEW.name IS NOT OLD.name OR NEW.required IS NOT OLD.required OR NEW.run IS NOT OLD.run
BEGIN SELECT RAISE(ABORT, 'check-final: what a check is about never changes'); END;

CREATE TRIGGER check_results_stay BEFORE DELETE ON check_results
WHEN EXISTS (SELECT 1 FROM app_versions WHERE id = OLD.version_id)
BEGIN SELECT RAISE(ABORT, 'check-final: the result of a check goes only with its version'); END;

CREATE TRIGGER reviews_insert_guard BEFORE INSERT ON reviews
BEGIN
  SELECT RAISE(ABORT, 'review-starts-open: a review is decided after it was opened')
   WHERE NEW.decision IS NOT NULL OR NEW.reviewer_id IS NOT NULL OR NEW.self_review != 0;
  SELECT RAISE(ABORT, 'review-exists: this review is there already')
   WHERE EXISTS (SELECT 1 FROM reviews WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'submission-open: the app has an open submission of this kind')
   WHERE EXISTS (SELECT 1 FROM reviews WHERE app_id = NEW.app_id AND kind = NEW.kind AND decision IS NULL);
  -- A review filed under another app would let the owner of this one decide on it.
  SELECT RAISE(ABORT, 'review-subject-mismatch: version, listing and app of a review belong together')
   WHERE NEW.kind = 'version' AND NOT EXISTS (
     SELECT 1 FROM app_versions v JOIN apps a ON a.id = v.app_id JOIN app_revisions r ON r.app_id = a.id
      WHERE v.id = NEW.version_id AND a.id = NEW.app_id AND r.id = NEW.revision_id AND v.status = 'draft'
        AND (r.id = a.live_revision_id OR (a.live_revision_id IS NULL AND r.state = 'waiting')));
  SELECT RAISE(ABORT, 'review-subject-mismatch: a listing is reviewed alone only where one is live already')
   WHERE NEW.kind = 'listing' AND NOT EXISTS (
     SELECT 1 FROM apps a JOIN app_revisions r ON r.app_id = a.id
      WHERE a.id = NEW.app_id AND r.id = NEW.revision_id AND r.state = 'waiting' AND a.live_revision_id IS NOT NULL);
END;

CREATE TRIGGER reviews_subject_immutable
BEFORE UPDATE OF id, kind, app_id, version_id, revision_id, subject_sha256, submitted_by, submitted_at ON reviews
WHEN NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind OR NEW.app_id IS NOT OLD.app_id
  OR NEW.version_id IS NOT OLD.version_id OR NEW.revision_id IS NOT OLD.revision_id
  OR NEW.subject_sha256 IS NOT OLD.subject_sha256 OR NEW.submitted_by IS NOT OLD.submitted_by
  OR NEW.submitted_at IS NOT OLD.submitted_at
BEGIN SELECT RAISE(ABORT, 'review-immutable: what a review is about never changes'); END;

CREATE TRIGGER reviews_decision_final
BEFORE UPDATE OF decision, reviewer_id, reasons, reason_code, notes, decided_at, self_review ON reviews
WHEN OLD.decision IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'review-decided: a decision is final; a new submission gets a new review'); END;

CREATE TRIGGER reviews_decision_guard BEFORE UPDATE OF decision ON reviews
WHEN NEW.decision IN ('approved', 'rejected')
BEGIN
  SELECT RAISE(ABORT, 'review-without-reviewer: a decision names its reviewer, who is in office')
   WHERE NOT EXISTS (SELECT 1 FROM developers WHERE id = NEW.reviewer_id AND role IN ('reviewer', 'admin')
                        AND suspended_at IS NULL AND deleted_at IS NULL);
  SELECT RAISE(ABORT, 'own-review: nobody decides on an app of their own')
   WHERE NEW.self_review = 0 AND (NEW.reviewer_id = NEW.submitted_by
      OR NEW.reviewer_id = (SELECT developer_id FROM apps WHERE id = NEW.app_id));
  SELECT RAISE(ABORT, 'review-subject-changed: the version is not what was submitted')
   WHERE NEW.kind = 'version' AND NOT EXISTS (
     SELECT 1 FROM app_versions WHERE id = NEW.version_id AND status = 'review' AND subject_sha256 = NEW.subject_sha256);
  -- A published app may have got another listing meanwhile, by a review of its own; one that was discarded is never shown.
  SELECT RAISE(ABORT, 'review-subject-changed: the listing that was submitted was taken back')
   WHERE NEW.decision = 'approved' AND NOT EXISTS (
     SELECT 1 FROM app_revisions r
      WHERE r.id = NEW.revision_id AND (r.state = 'waiting' OR (NEW.kind = 'version' AND r.state IN ('live', 'past'))));
END;

CREATE TRIGGER reviews_stay BEFORE DELETE ON reviews
WHEN EXISTS (SELECT 1 FROM apps WHERE id = OLD.app_id)
  AND (OLD.version_id IS NULL OR EXISTS (SELECT 1 FROM app_versions WHERE id = OLD.version_id))
BEGIN SELECT RAISE(ABORT, 'review-final: a review goes only with its version or its app'); END;

-- Apps and decisions name their people: with foreign keys off, REPLACE and DELETE would leave those names empty.
CREATE TRIGGER developers_replace_guard BEFORE INSERT ON developers
WHEN EXISTS (
  SELECT 1 FROM developers d
   WHERE (d.id = NEW.id OR d.email = NEW.email OR (d.oauth_provider = NEW.oauth_provider AND d.oauth_id = NEW.oauth_id))
     AND (EXISTS (SELECT 1 FROM apps WHERE developer_id = d.id)
       OR EXISTS (SELECT 1 FROM reviews WHERE reviewer_id = d.id)))
BEGIN SELECT RAISE(ABORT, 'developer-in-use: an account with apps or decisions is emptied in place'); END;

CREATE TRIGGER developers_delete_guard BEFORE DELETE ON developers
WHEN EXISTS (SELECT 1 FROM apps WHERE developer_id = OLD.id)
  OR EXISTS (SELECT 1 FROM reviews WHERE reviewer_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'developer-in-use: an account with apps or decisions is emptied in place'); END;

CREATE TRIGGER app_versions_life_cycle BEFORE UPDATE OF status ON app_versions
WHEN NEW.status IS NOT OLD.status AND (OLD.status || '>' || NEW.status) NOT IN
  ('draft>review', 'review>draft', 'review>approved', 'review>rejected', 'approved>published')
BEGIN SELECT RAISE(ABORT, 'version-transition: a version does not go from this state to that one'); END;

CREATE TRIGGER app_versions_subject_frozen BEFORE UPDATE OF subject_sha256 ON app_versions
WHEN NEW.subject_sha256 IS NOT OLD.subject_sha256
  AND (OLD.status || '>' || NEW.status) NOT IN ('draft>review', 'review>draft')
BEGIN SELECT RAISE(ABORT, 'version-immutable: what was submitted stays what is reviewed'); END;

CREATE TRIGGER app_versions_submit_guard BEFORE UPDATE OF status ON app_versions
WHEN OLD.status = 'draft' AND NEW.status = 'review'
BEGIN
  SELECT RAISE(ABORT, 'version-without-review: a submission opens a review of what is submitted')
   WHERE NOT EXISTS (
     SELECT 1 FROM reviews r WHERE r.version_id = NEW.id AND r.kind = 'version' AND r.decision IS NULL
       AND r.subject_sha256 = NEW.subject_sha256);
  SELECT RAISE(ABORT, 'package-rejected: a rejection is final for the bytes it was about')
   WHERE EXISTS (SELECT 1 FROM app_versions WHERE package_sha256 = NEW.package_sha256 AND status = 'rejected');
END;

-- Taken back with its review open or decided, it could be submitted again and live on that decision.
CREATE TRIGGER app_versions_withdraw_guard BEFORE UPDATE OF status ON app_versions
WHEN OLD.status = 'review' AND NEW.status = 'draft' AND EXISTS (
  SELECT 1 FROM reviews WHERE version_id = NEW.id AND (decision IS NULL OR decision IN ('approved', 'rejected')))
BEGIN SELECT RAISE(ABORT, 'version-not-withdrawn: the review of this version is open or decided'); END;

CREATE TRIGGER app_versions_decided BEFORE UPDATE OF status ON app_versions
WHEN NEW.status IN ('approved', 'rejected', 'published') AND NEW.status IS NOT OLD.status
BEGIN
  SELECT RAISE(ABORT, 'version-not-approved: no approved review of these bytes and this listing')
   WHERE NEW.status IN ('approved', 'published') AND NOT EXISTS (
     SELECT 1 FROM reviews r WHERE r.version_id = NEW.id AND r.kind = 'version' AND r.decision = 'approved'
       AND r.subject_sha256 = NEW.subject_sha256);
  SELECT RAISE(ABORT, 'version-not-rejected: no review has rejected this')
   WHERE NEW.status = 'rejected' AND NOT EXISTS (
     SELECT 1 FROM reviews r WHERE r.version_id = NEW.id AND r.kind = 'version' AND r.decision = 'rejected'
       AND r.subject_sha256 = NEW.subject_sha256);
END;

CREATE TRIGGER app_versions_publish_guard BEFORE UPDATE OF status ON app_versions
WHEN NEW.status = 'published' AND OLD.status != 'published'
BEGIN
  SELECT RAISE(ABORT, 'review-subject-changed: the listing that was reviewed with this version was taken back')
   WHERE NOT EXISTS (
     SELECT 1 FROM reviews r JOIN app_revisions l ON l.id = r.revision_id JOIN apps a ON a.id = l.app_id
      WHERE r.version_id = NEW.id AND r.decision = 'approved' AND a.id = NEW.app_id
        AND ((a.live_revision_id IS NULL AND l.state = 'waiting')
          OR (a.live_revision_id IS NOT NULL AND l.state IN ('live', 'past'))));
  SELECT RAISE(ABORT, 'signing-key-inactive: the key that signed this version was deactivated')
   WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE id = NEW.signing_key_id AND is_active = 1);
  -- A check without a passing run for these very bytes is not a check that passed; required once is required for good.
  SELECT RAISE(ABORT, 'checks-not-passed: a required check has not passed for this package')
   WHERE EXISTS (
     SELECT 1 FROM (VALUES ('archive'), ('signature'), ('manifest'), ('secrets'), ('images')
                    UNION SELECT name FROM check_results WHERE version_id = NEW.id AND required = 1) AS needed
      WHERE NOT EXISTS (
        SELECT 1 FROM check_results c WHERE c.version_id = NEW.id AND c.name = needed.column1
          AND c.package_sha256 = NEW.package_sha256 AND c.status = 'passed'
          AND c.run = (SELECT MAX(run) FROM check_results l WHERE l.version_id = NEW.id AND l.name = needed.column1)));
  SELECT RAISE(ABORT, 'app-suspended: nothing of a suspended app or developer is published')
   WHERE NOT EXISTS (SELECT 1 FROM apps a JOIN developers d ON d.id = a.developer_id
                      WHERE a.id = NEW.app_id AND a.suspended_at IS NULL AND d.suspended_at IS NULL);
END;

CREATE TRIGGER app_revisions_go_live BEFORE UPDATE OF state ON app_revisions
WHEN NEW.state = 'live' AND OLD.state != 'live' AND NOT EXISTS (
  SELECT 1 FROM reviews r LEFT JOIN app_versions v ON v.id = r.version_id
   WHERE r.revision_id = NEW.id AND r.decision = 'approved' AND (r.kind = 'listing' OR v.status = 'published'))
BEGIN SELECT RAISE(ABORT, 'listing-not-reviewed: no approved review of this listing, or its version is not published'); END;

CREATE TRIGGER apps_listing_guard
BEFORE UPDATE OF name, description, category, tags, icon_sha256, developer_name, live_revision_id ON apps
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.category IS NOT OLD.category
  OR NEW.tags IS NOT OLD.tags OR NEW.icon_sha256 IS NOT OLD.icon_sha256
  OR NEW.developer_name IS NOT OLD.developer_name OR NEW.live_revision_id IS NOT OLD.live_revision_id
BEGIN
  SELECT RAISE(ABORT, 'listing-not-reviewed: the store shows the reviewed listing and nothing else')
   WHERE NEW.live_revision_id IS NOT NULL AND NOT EXISTS (
     SELECT 1 FROM app_revisions r WHERE r.id = NEW.live_revision_id AND r.app_id = NEW.id AND r.state = 'live'
       AND r.name = NEW.name AND r.description = NEW.description AND r.category = NEW.category AND r.tags = NEW.tags
       AND r.icon_sha256 IS NEW.icon_sha256 AND r.developer_name = NEW.developer_name);
  SELECT RAISE(ABORT, 'listing-frozen: the listing is frozen with the submitted version')
   WHERE NEW.live_revision_id IS NULL AND EXISTS (
     SELECT 1 FROM app_versions v WHERE v.app_id = NEW.id AND v.status IN ('review', 'approved'));
END;

CREATE TRIGGER apps_published_by_version BEFORE UPDATE OF status, first_published_at, bound_signing_key_id ON apps
BEGIN
  SELECT RAISE(ABORT, 'app-without-version: an app is published by publishing a version')
   WHERE NEW.status = 'published' AND NOT EXISTS (
     SELECT 1 FROM app_versions WHERE app_id = NEW.id AND status = 'published');
  SELECT RAISE(ABORT, 'app-without-version: the first publication binds the key of a published version')
   WHERE NEW.first_published_at IS NOT NULL AND OLD.first_published_at IS NULL AND NOT EXISTS (
     SELECT 1 FROM app_versions
      WHERE app_id = NEW.id AND status = 'published' AND signing_key_id = NEW.bound_signing_key_id);
END;

-- migrate:down
DROP TRIGGER apps_published_by_version;
DROP TRIGGER apps_listing_guard;
DROP TRIGGER app_revisions_go_live;
DROP TRIGGER app_versions_publish_guard;
DROP TRIGGER app_versions_decided;
DROP TRIGGER app_versions_withdraw_guard;
DROP TRIGGER app_versions_submit_guard;
DROP TRIGGER app_versions_subject_frozen;
DROP TRIGGER app_versions_life_cycle;
DROP TRIGGER developers_delete_guard;
DROP TRIGGER developers_replace_guard;
DROP TRIGGER reviews_stay;
DROP TABLE check_results;
DROP TABLE reviews;
