SELECT ts_code, suspend_type, suspend_timing
FROM suspension
WHERE trade_date = :trade_date
ORDER BY ts_code, suspend_type
