SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
FROM daily_bar
WHERE ts_code = $1 AND kind = $2 AND trade_date BETWEEN $3 AND $4
ORDER BY trade_date
LIMIT $5
