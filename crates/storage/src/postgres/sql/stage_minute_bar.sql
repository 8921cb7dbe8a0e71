CREATE TEMPORARY TABLE staged_minute_bar ON COMMIT DROP AS
SELECT
    ts_code, freq, time, open, high, low, close, vol, amount
FROM minute_bar
WITH NO DATA
