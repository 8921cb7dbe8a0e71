SELECT trade_date, count(*)
FROM adj_factor
GROUP BY trade_date
ORDER BY trade_date
