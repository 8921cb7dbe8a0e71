INSERT INTO candle
    (symbol, interval, time, open, high, low, close, volume, quote_volume, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (symbol, interval, time) DO UPDATE SET
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    volume = excluded.volume,
    quote_volume = excluded.quote_volume,
    run_id = excluded.run_id
WHERE candle.run_id <> excluded.run_id
