-- The pairs first, each by a probe of the key: a walk over their minutes would be long.
WITH RECURSIVE pair (symbol) AS (
    SELECT min(symbol) FROM candle
    UNION ALL
    SELECT (SELECT min(symbol) FROM candle WHERE candle.symbol > pair.symbol)
    FROM pair
    WHERE symbol IS NOT NULL
)
SELECT symbol, before, after
FROM (
    SELECT symbol, lag(time) OVER (PARTITION BY symbol ORDER BY time) AS before, time AS after
    FROM pair CROSS JOIN candle USING (symbol)
    WHERE interval = :interval
)
WHERE after - before > 1000 * :interval
ORDER BY symbol, after
