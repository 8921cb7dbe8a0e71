SELECT cal_date, is_open, pretrade_date
FROM trade_calendar
WHERE exchange = $1
ORDER BY cal_date
