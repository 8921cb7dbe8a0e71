INSERT INTO daily_bar (
    kind, trade_date, ts_code, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted,
    run_id
)
SELECT
    kind, trade_date, ts_code, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted,
    $1
FROM staged_daily_bar
ON CONFLICT (kind, trade_date, ts_code) DO UPDATE SET
    open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    pre_close = excluded.pre_close,
    change = excluded.change,
    pct_chg = excluded.pct_chg,
    vol = excluded.vol,
    amount = excluded.amount,
    adjusted = excluded.adjusted,
    run_id = excluded.run_id
