CREATE TEMPORARY TABLE staged_adj_factor ON COMMIT DROP AS
SELECT
    ts_code, trade_date, adj_factor
FROM adj_factor
WITH NO DATA
