SELECT trade_date, count(*)
FROM daily_basic
GROUP BY trade_date
ORDER BY trade_date
