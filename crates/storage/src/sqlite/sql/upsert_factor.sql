INSERT INTO adj_factor
    (ts_code, trade_date, adj_factor, run_id)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (ts_code, trade_date) DO UPDATE SET
    adj_factor = excluded.adj_factor,
    run_id = excluded.run_id
WHERE adj_factor.run_id <> excluded.run_id
