INSERT INTO candle (
    symbol, interval, time, open, high, low, close, volume, quote_volume,
    run_id
)
SELECT
    symbol, interval, time, open, high, low, close, volume, quote_volume,
    $1
FROM staged_candle
ON CONFLICT (symbol, interval, time) DO UPDATE SET
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    volume = excluded.volume,
    quote_volume = excluded.quote_volume,
    run_id = excluded.run_id
