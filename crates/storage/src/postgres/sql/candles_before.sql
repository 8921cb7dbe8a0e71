SELECT * FROM (
    SELECT time, open, high, low, close, volume, quote_volume
    FROM candle
    WHERE symbol = $1 AND interval = $2 AND time < $3
    ORDER BY time DESC
    LIMIT $4
) AS newest
ORDER BY time
