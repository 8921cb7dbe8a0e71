-- FINAL walks the kind in the table's own order and keeps no rows.
SELECT ts_code, min(trade_date) AS first, max(trade_date) AS last, toUInt32(count()) AS rows
FROM daily_bar FINAL
WHERE kind = {kind:UInt8}
GROUP BY ts_code
ORDER BY ts_code
