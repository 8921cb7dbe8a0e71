INSERT INTO minute_bar (
    ts_code, freq, time, open, high, low, close, vol, amount,
    run_id
)
SELECT
    ts_code, freq, time, open, high, low, close, vol, amount,
    $1
FROM staged_minute_bar
ON CONFLICT (ts_code, freq, time) DO UPDATE SET
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    vol = excluded.vol,
    amount = excluded.amount,
    run_id = excluded.run_id
