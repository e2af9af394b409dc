-- What is special about the address of an account that is not verified. `again`: it was registered more than once, and only a
-- mailed link proves which of them is whose. `closed`: it was verified before, and is nobody's to register.

-- migrate:up
ALTER TABLE developers ADD COLUMN registration TEXT CHECK (registration IN ('again', 'closed'));

-- migrate:down
ALTER TABLE developers DROP COLUMN registration;
