SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
FROM daily_bar
WHERE kind = $1 AND trade_date = $2
ORDER BY ts_code
