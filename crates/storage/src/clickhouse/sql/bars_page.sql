-- The mark is read first: rows newer than their mark make the next page show another one, older rows would not.
SELECT
    ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount,
    ifNull((SELECT max(version) FROM daily_bar WHERE kind = {kind:UInt8} AND trade_date = toDate32('1970-01-01') + {trade_date:Int32}), 0) AS mark
FROM daily_bar
WHERE kind = {kind:UInt8} AND trade_date = toDate32('1970-01-01') + {trade_date:Int32} AND ts_code > {after:String}
ORDER BY ts_code, version DESC
LIMIT 1 BY ts_code
LIMIT {limit:UInt32}
