SELECT trade_date, adj_factor
FROM adj_factor
WHERE ts_code = $1
ORDER BY trade_date
