SELECT ts_code, suspend_type, suspend_timing
FROM suspension
WHERE trade_date = {trade_date:Date32}
ORDER BY ts_code, suspend_type, version DESC
LIMIT 1 BY ts_code, suspend_type
