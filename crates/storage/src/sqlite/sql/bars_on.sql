SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
FROM daily_bar
WHERE kind = :kind AND trade_date = :trade_date
ORDER BY ts_code
