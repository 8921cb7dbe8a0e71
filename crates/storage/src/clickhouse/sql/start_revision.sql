INSERT INTO revision (revision, fingerprint, market_fingerprint, coins_fingerprint)
SELECT 0, {fingerprint:UInt64}, {fingerprint:UInt64}, {fingerprint:UInt64}
WHERE NOT EXISTS (SELECT 1 FROM revision)
