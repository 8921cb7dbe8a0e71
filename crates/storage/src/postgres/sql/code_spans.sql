SELECT ts_code, min(trade_date), max(trade_date), count(*)
FROM daily_bar
WHERE kind = $1
GROUP BY ts_code
ORDER BY ts_code
