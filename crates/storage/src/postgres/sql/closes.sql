SELECT ts_code, close, pre_close, vol, amount, adjusted
FROM daily_bar
WHERE kind = $1 AND trade_date = $2
ORDER BY ts_code
