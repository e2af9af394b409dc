-- What is special about the address of an account that is not verified. `again`: it was registered more than once, and only a
-- mailed link proves which of them is whose. `closed`: it was verified before, and is nobody's to register.

-- migrate:up
ALTER TABLE developers ADD COLUMN registration TEXT CHECK (registration IN ('again', 'closed'));
-- Of what happened before, as far as the log has not moved to the object store.
UPDATE developers SET registration = 'again'
 WHERE verified = 0 AND deleted_at IS NULL
   AND EXISTS (SELECT 1 FROM audit_logs WHERE subject_kind = 'developer' AND subject_id = developers.id
                                          AND action = 'developer.registered_again');
UPDATE developers SET registration = 'closed'
 WHERE verified = 0 AND deleted_at IS NULL
   AND EXISTS (SELECT 1 FROM audit_logs WHERE subject_kind = 'developer' AND subject_id = developers.id
                                          AND action = 'developer.changed_by_admin' AND data ->> '$.before.verified');

-- migrate:down
ALTER TABLE developers DROP COLUMN registration;
