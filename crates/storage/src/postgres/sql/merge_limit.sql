INSERT INTO price_limit (
    trade_date, ts_code, pre_close, up_limit, down_limit,
    run_id
)
SELECT
    trade_date, ts_code, pre_close, up_limit, down_limit,
    $1
FROM staged_price_limit
ON CONFLICT (trade_date, ts_code) DO UPDATE SET
    pre_close = excluded.pre_close,
    up_limit = excluded.up_limit,
    down_limit = excluded.down_limit,
    run_id = excluded.run_id
