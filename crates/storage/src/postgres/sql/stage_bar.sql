CREATE TEMPORARY TABLE staged_daily_bar ON COMMIT DROP AS
SELECT
    kind, trade_date, ts_code, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
FROM daily_bar
WITH NO DATA
