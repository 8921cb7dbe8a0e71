SELECT DISTINCT ts_code
FROM daily_bar
WHERE kind = $1 AND NOT EXISTS (SELECT 1 FROM security WHERE security.ts_code = daily_bar.ts_code)
ORDER BY ts_code
