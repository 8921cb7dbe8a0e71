SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
FROM daily_bar
WHERE kind = :kind AND trade_date = :trade_date AND (:suffix IS NULL OR substr(ts_code, 8) = :suffix)
ORDER BY pct_chg DESC NULLS LAST, ts_code
LIMIT :limit
