SELECT * FROM (
    SELECT time, open, high, low, close, vol, amount
    FROM minute_bar
    WHERE ts_code = :ts_code AND freq = :freq AND time < :before
    ORDER BY time DESC
    LIMIT :count
)
ORDER BY time
