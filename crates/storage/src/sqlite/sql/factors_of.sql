SELECT trade_date, adj_factor
FROM adj_factor
WHERE ts_code = :ts_code
ORDER BY trade_date
