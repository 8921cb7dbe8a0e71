INSERT INTO suspension (
    trade_date, ts_code, suspend_type, suspend_timing,
    run_id
)
SELECT
    trade_date, ts_code, suspend_type, suspend_timing,
    $1
FROM staged_suspension
ON CONFLICT (trade_date, ts_code, suspend_type) DO UPDATE SET
    suspend_timing = excluded.suspend_timing,
    run_id = excluded.run_id
