SELECT time, open, high, low, close, volume, quote_volume
FROM (
    SELECT time, open, high, low, close, volume, quote_volume
    FROM candle
    WHERE symbol = {symbol:String} AND interval = {interval:UInt32}
        AND time < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
    ORDER BY time DESC, version DESC
    LIMIT 1 BY time
    LIMIT {count:UInt32}
)
ORDER BY time
