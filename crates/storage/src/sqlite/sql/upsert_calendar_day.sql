INSERT INTO trade_calendar
    (exchange, cal_date, is_open, pretrade_date, run_id)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (exchange, cal_date) DO UPDATE SET
    is_open = excluded.is_open,
    pretrade_date = excluded.pretrade_date,
    run_id = excluded.run_id
WHERE trade_calendar.run_id <> excluded.run_id
