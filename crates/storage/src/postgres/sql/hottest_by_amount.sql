SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
FROM daily_bar
WHERE kind = $1 AND trade_date = $2
    AND ($3::text IS NULL OR substr(ts_code, 8) = $3)
    AND (vol IS NULL OR vol > 0) -- a suspended security has no row or one without volume
ORDER BY amount DESC NULLS LAST, ts_code
LIMIT $4
