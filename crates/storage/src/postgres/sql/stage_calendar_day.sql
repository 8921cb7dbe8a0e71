CREATE TEMPORARY TABLE staged_trade_calendar ON COMMIT DROP AS
SELECT
    exchange, cal_date, is_open, pretrade_date
FROM trade_calendar
WITH NO DATA
