INSERT INTO bar_day
    (kind, trade_date, rows, adjusted, run_id)
SELECT
    touched.kind,
    touched.trade_date,
    count(daily_bar.ts_code),
    count(*) FILTER (WHERE daily_bar.adjusted),
    coalesce(max(daily_bar.run_id), 0)
FROM unnest($1::smallint[], $2::date[]) AS touched (kind, trade_date)
LEFT JOIN daily_bar ON daily_bar.kind = touched.kind AND daily_bar.trade_date = touched.trade_date
GROUP BY touched.kind, touched.trade_date
ON CONFLICT (kind, trade_date) DO UPDATE SET
    rows = excluded.rows,
    adjusted = excluded.adjusted,
    run_id = excluded.run_id
