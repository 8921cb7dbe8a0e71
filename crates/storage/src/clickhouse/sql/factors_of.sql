SELECT trade_date, adj_factor
FROM adj_factor
WHERE ts_code = {ts_code:String}
ORDER BY trade_date, version DESC
LIMIT 1 BY trade_date
