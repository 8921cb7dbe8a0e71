SELECT trade_date, count(*)
FROM price_limit
GROUP BY trade_date
ORDER BY trade_date
