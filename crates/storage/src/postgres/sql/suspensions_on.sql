SELECT ts_code, suspend_type, suspend_timing
FROM suspension
WHERE trade_date = $1
ORDER BY ts_code, suspend_type
