INSERT INTO minute_bar
    (ts_code, freq, time, open, high, low, close, vol, amount, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (ts_code, freq, time) DO UPDATE SET
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    vol = excluded.vol,
    amount = excluded.amount,
    run_id = excluded.run_id
WHERE minute_bar.run_id <> excluded.run_id
