UPDATE revision
SET revision = revision + 1,
    fingerprint = hashtextextended(gen_random_uuid()::text, 0)
RETURNING revision
