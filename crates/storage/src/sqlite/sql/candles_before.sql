SELECT * FROM (
    SELECT time, open, high, low, close, volume, quote_volume
    FROM candle
    WHERE symbol = :symbol AND interval = :interval AND time < :before
    ORDER BY time DESC
    LIMIT :count
)
ORDER BY time
