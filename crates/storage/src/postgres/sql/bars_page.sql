SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount,
    (SELECT run_id FROM bar_day WHERE kind = $1 AND trade_date = $2)
FROM daily_bar
WHERE kind = $1 AND trade_date = $2 AND ts_code > $3
ORDER BY ts_code
LIMIT $4
