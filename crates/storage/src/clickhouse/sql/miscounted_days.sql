-- Days whose kept number is not the real one, with the real one. FINAL: a walk over the whole table that keeps no rows.
SELECT kind, trade_date, toUInt32(counted.rows) AS rows, toUInt32(counted.adjusted) AS adjusted
FROM (
    SELECT kind, trade_date, count() AS rows, countIf(adjusted) AS adjusted
    FROM daily_bar FINAL
    GROUP BY kind, trade_date
) AS counted
FULL OUTER JOIN (
    SELECT kind, trade_date, rows, adjusted
    FROM bar_day FINAL
    WHERE rows > 0
) AS kept USING (kind, trade_date)
WHERE counted.rows != kept.rows OR counted.adjusted != kept.adjusted
ORDER BY kind, trade_date
