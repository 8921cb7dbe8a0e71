SELECT DISTINCT ts_code, kind
FROM daily_bar
WHERE kind IN (1, 2, 3) AND ts_code IN {ts_codes:Array(String)}
ORDER BY ts_code, kind
