CREATE TEMPORARY TABLE staged_price_limit ON COMMIT DROP AS
SELECT
    trade_date, ts_code, pre_close, up_limit, down_limit
FROM price_limit
WITH NO DATA
