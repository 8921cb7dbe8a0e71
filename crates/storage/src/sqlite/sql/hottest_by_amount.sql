SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
FROM daily_bar
WHERE kind = :kind AND trade_date = :trade_date
    AND (:suffix IS NULL OR substr(ts_code, 8) = :suffix)
    AND (vol IS NULL OR vol > 0) -- a suspended security has no row or one without volume
ORDER BY amount DESC NULLS LAST, ts_code
LIMIT :limit
