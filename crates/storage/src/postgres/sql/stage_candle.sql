CREATE TEMPORARY TABLE staged_candle ON COMMIT DROP AS
SELECT
    symbol, interval, time, open, high, low, close, volume, quote_volume
FROM candle
WITH NO DATA
