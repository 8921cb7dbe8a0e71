-- A number no other state of this store has, nor any state of another: two stores, or two copies of one, have the same
-- revision with other rows.
ALTER TABLE revision ADD COLUMN fingerprint INTEGER NOT NULL DEFAULT 0;
UPDATE revision SET fingerprint = random();
CREATE TRIGGER revision_fingerprint AFTER UPDATE OF revision ON revision
BEGIN
    UPDATE revision SET fingerprint = random();
END;
