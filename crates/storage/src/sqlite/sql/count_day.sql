INSERT INTO bar_day
    (kind, trade_date, rows, adjusted)
SELECT ?1, ?2, count(*), coalesce(sum(adjusted), 0)
FROM daily_bar
WHERE kind = ?1 AND trade_date = ?2
ON CONFLICT (kind, trade_date) DO UPDATE SET
    rows = excluded.rows,
    adjusted = excluded.adjusted
