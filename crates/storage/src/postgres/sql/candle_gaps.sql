-- The pairs first, each by a probe of the key: a walk over their minutes would be long.
WITH RECURSIVE pair (symbol) AS (
    SELECT min(symbol) FROM candle
    UNION ALL
    SELECT (SELECT min(symbol) FROM candle WHERE candle.symbol > pair.symbol)
    FROM pair
    WHERE symbol IS NOT NULL
)
SELECT pair.symbol, near.before, near.after
FROM pair CROSS JOIN LATERAL (
    SELECT lag(time) OVER (ORDER BY time) AS before, time AS after
    FROM candle
    WHERE candle.symbol = pair.symbol AND candle.interval = $1
) AS near
WHERE near.after - near.before > $1 * INTERVAL '1 second'
ORDER BY pair.symbol, near.after
