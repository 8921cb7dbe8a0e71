SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount,
    (SELECT max(run_id) FROM daily_bar WHERE kind = :kind AND trade_date = :trade_date)
FROM daily_bar
WHERE kind = :kind AND trade_date = :trade_date AND ts_code > :after
ORDER BY ts_code
LIMIT :limit
