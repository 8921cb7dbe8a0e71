SELECT cal_date, is_open, pretrade_date
FROM trade_calendar
WHERE exchange = {exchange:String}
ORDER BY cal_date, version DESC
LIMIT 1 BY cal_date
