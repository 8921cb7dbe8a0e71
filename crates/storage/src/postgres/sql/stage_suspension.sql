CREATE TEMPORARY TABLE staged_suspension ON COMMIT DROP AS
SELECT
    trade_date, ts_code, suspend_type, suspend_timing
FROM suspension
WITH NO DATA
