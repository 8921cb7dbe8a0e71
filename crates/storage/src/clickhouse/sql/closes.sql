SELECT ts_code, close, pre_close, vol, amount, adjusted
FROM daily_bar
WHERE kind = {kind:UInt8} AND trade_date = toDate32('1970-01-01') + {trade_date:Int32}
ORDER BY ts_code, version DESC
LIMIT 1 BY ts_code
