INSERT INTO revision (revision, fingerprint)
SELECT 0, {fingerprint:UInt64}
WHERE NOT EXISTS (SELECT 1 FROM revision)
