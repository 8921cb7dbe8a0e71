SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
FROM (
    SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
    FROM daily_bar
    WHERE kind = {kind:UInt8} AND ts_code = {ts_code:String}
    ORDER BY trade_date DESC, version DESC
    LIMIT 1 BY trade_date
    LIMIT {count:UInt32}
)
ORDER BY trade_date
