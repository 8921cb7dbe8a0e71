SELECT DISTINCT ts_code
FROM daily_bar
WHERE kind = {kind:UInt8} AND ts_code NOT IN (SELECT ts_code FROM security)
ORDER BY ts_code
