SELECT ts_code, pre_close, up_limit, down_limit
FROM price_limit
WHERE trade_date = toDate32('1970-01-01') + {trade_date:Int32}
ORDER BY ts_code, version DESC
LIMIT 1 BY ts_code
