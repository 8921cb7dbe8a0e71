UPDATE revision
SET revision = revision + 1,
    market_kept = market_kept + ?1,
    coins_kept = coins_kept + ?2
RETURNING revision
