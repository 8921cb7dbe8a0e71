SELECT trade_date, rows, adjusted
FROM bar_day
WHERE kind = $1 AND rows > 0
ORDER BY trade_date
