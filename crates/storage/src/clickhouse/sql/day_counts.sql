SELECT trade_date, rows, adjusted
FROM (
    SELECT trade_date, rows, adjusted, version
    FROM bar_day
    WHERE kind = {kind:UInt8}
    ORDER BY trade_date, version DESC
    LIMIT 1 BY trade_date
)
WHERE rows > 0
ORDER BY trade_date
