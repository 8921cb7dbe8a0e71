INSERT INTO suspension
    (trade_date, ts_code, suspend_type, suspend_timing, run_id)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (trade_date, ts_code, suspend_type) DO UPDATE SET
    suspend_timing = excluded.suspend_timing,
    run_id = excluded.run_id
WHERE suspension.run_id <> excluded.run_id
