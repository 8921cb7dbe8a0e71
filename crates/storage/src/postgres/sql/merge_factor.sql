INSERT INTO adj_factor (
    ts_code, trade_date, adj_factor,
    run_id
)
SELECT
    ts_code, trade_date, adj_factor,
    $1
FROM staged_adj_factor
ON CONFLICT (ts_code, trade_date) DO UPDATE SET
    adj_factor = excluded.adj_factor,
    run_id = excluded.run_id
