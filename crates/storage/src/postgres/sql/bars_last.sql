SELECT * FROM (
    SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
    FROM daily_bar
    WHERE ts_code = $1 AND kind = $2
    ORDER BY trade_date DESC
    LIMIT $3
) AS newest
ORDER BY trade_date
