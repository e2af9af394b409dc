-- Whose the samples of refused events are, so that an erasure can take them.

-- migrate:up
-- The HMAC that stands for the device's id, as in `devices`: a device whose every event was refused has no number. Null
-- when the upload did not say whose it was, or could not be read.
ALTER TABLE rejection_samples ADD COLUMN pseudonym BLOB CHECK (pseudonym IS NULL OR length(pseudonym) = 16);

-- migrate:down
ALTER TABLE rejection_samples DROP COLUMN pseudonym;
