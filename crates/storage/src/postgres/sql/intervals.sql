-- A probe of the key for each interval: a walk over a pair's minutes would be long.
SELECT asked.seconds
FROM unnest($2::integer[]) AS asked (seconds)
WHERE EXISTS (SELECT 1 FROM candle WHERE candle.symbol = $1 AND candle.interval = asked.seconds)
ORDER BY asked.seconds
