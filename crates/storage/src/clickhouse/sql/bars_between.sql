-- A sum reaches every day; a literal or a cast ends at the years 1900 and 2299.
SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
FROM daily_bar
WHERE kind = {kind:UInt8} AND ts_code = {ts_code:String}
    AND trade_date BETWEEN toDate32('1970-01-01') + {start:Int32} AND toDate32('1970-01-01') + {end:Int32}
ORDER BY trade_date, version DESC
LIMIT 1 BY trade_date
LIMIT {limit:UInt32}
