SELECT ts_code, close, pre_close, vol, amount, adjusted
FROM daily_bar
WHERE kind = :kind AND trade_date = :trade_date
ORDER BY ts_code
