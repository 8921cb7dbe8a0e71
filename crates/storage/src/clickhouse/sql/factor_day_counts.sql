-- A walk over the whole table in its own order, so that FINAL merges the parts without keeping their rows.
SELECT trade_date, toUInt32(count()) AS rows
FROM adj_factor FINAL
GROUP BY trade_date
ORDER BY trade_date
