INSERT INTO trade_calendar (
    exchange, cal_date, is_open, pretrade_date,
    run_id
)
SELECT
    exchange, cal_date, is_open, pretrade_date,
    $1
FROM staged_trade_calendar
ON CONFLICT (exchange, cal_date) DO UPDATE SET
    is_open = excluded.is_open,
    pretrade_date = excluded.pretrade_date,
    run_id = excluded.run_id
