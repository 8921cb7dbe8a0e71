SELECT ts_code, pre_close, up_limit, down_limit
FROM price_limit
WHERE trade_date = $1
ORDER BY ts_code
