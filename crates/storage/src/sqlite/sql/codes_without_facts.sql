SELECT DISTINCT ts_code
FROM daily_bar INDEXED BY daily_bar_by_code
WHERE kind = :kind AND NOT EXISTS (SELECT 1 FROM security WHERE security.ts_code = daily_bar.ts_code)
ORDER BY ts_code
