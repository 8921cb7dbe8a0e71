SELECT time, open, high, low, close, vol, amount
FROM (
    SELECT time, open, high, low, close, vol, amount
    FROM minute_bar
    WHERE ts_code = {ts_code:String} AND freq = {freq:UInt16}
        AND time < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
    ORDER BY time DESC, version DESC
    LIMIT 1 BY time
    LIMIT {count:UInt32}
)
ORDER BY time
