SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
FROM daily_bar
WHERE kind = {kind:UInt8} AND ts_code = {ts_code:String}
    AND trade_date BETWEEN {start:Date32} AND {end:Date32}
ORDER BY trade_date, version DESC
LIMIT 1 BY trade_date
LIMIT {limit:UInt32}
