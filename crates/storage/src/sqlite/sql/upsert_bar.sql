INSERT INTO daily_bar
    (kind, trade_date, ts_code, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
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
WHERE daily_bar.run_id <> excluded.run_id
