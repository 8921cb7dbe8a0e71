UPDATE revision
SET revision = revision + 1,
    market_fingerprint = CASE WHEN $1 THEN hashtextextended(gen_random_uuid()::text, 0) ELSE market_fingerprint END,
    coins_fingerprint = CASE WHEN $2 THEN hashtextextended(gen_random_uuid()::text, 0) ELSE coins_fingerprint END
RETURNING revision
