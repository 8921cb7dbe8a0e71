SELECT DISTINCT kind
FROM daily_bar INDEXED BY daily_bar_by_code
WHERE ts_code = :ts_code
