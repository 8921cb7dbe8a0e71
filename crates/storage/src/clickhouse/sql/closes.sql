SELECT ts_code, close, pre_close, vol, amount, adjusted
FROM daily_bar
WHERE kind = {kind:UInt8} AND trade_date = {trade_date:Date32}
ORDER BY ts_code, version DESC
LIMIT 1 BY ts_code
