INSERT INTO price_limit
    (trade_date, ts_code, pre_close, up_limit, down_limit, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (trade_date, ts_code) DO UPDATE SET
    pre_close = excluded.pre_close,
    up_limit = excluded.up_limit,
    down_limit = excluded.down_limit,
    run_id = excluded.run_id
WHERE price_limit.run_id <> excluded.run_id
