INSERT INTO bar_day (kind, trade_date, rows, adjusted, version)
SELECT kind, trade_date, count(), countIf(adjusted), {run:UInt64}
FROM (
    SELECT kind, trade_date, ts_code, adjusted
    FROM daily_bar
    WHERE kind = {kind:UInt8} AND trade_date IN (SELECT toDate32('1970-01-01') + arrayJoin({days:Array(Int32)}))
    ORDER BY trade_date, ts_code, version DESC
    LIMIT 1 BY trade_date, ts_code
)
GROUP BY kind, trade_date
