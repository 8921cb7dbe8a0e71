SELECT * FROM (
    SELECT time, open, high, low, close, vol, amount
    FROM minute_bar
    WHERE ts_code = $1 AND freq = $2 AND time < $3
    ORDER BY time DESC
    LIMIT $4
) AS newest
ORDER BY time
