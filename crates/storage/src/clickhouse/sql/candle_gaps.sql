-- A candle stored twice is no time from itself, so that nothing need be merged.
SELECT symbol, before, after
FROM (
    SELECT
        symbol,
        toUnixTimestamp64Milli(time) AS after,
        lagInFrame(after, 1, after) OVER (
            PARTITION BY symbol ORDER BY after ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS before
    FROM candle
    WHERE interval = {interval:UInt32}
)
WHERE after - before > 1000 * {interval:UInt32}
ORDER BY symbol, after
