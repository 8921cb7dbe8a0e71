SELECT ts_code, suspend_type, suspend_timing
FROM suspension
WHERE trade_date = toDate32('1970-01-01') + {trade_date:Int32}
ORDER BY ts_code, suspend_type, version DESC
LIMIT 1 BY ts_code, suspend_type
