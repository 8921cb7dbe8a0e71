SELECT * FROM (
    SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
    FROM daily_bar INDEXED BY daily_bar_by_code
    WHERE ts_code = :ts_code AND kind = :kind
    ORDER BY trade_date DESC
    LIMIT :count
)
ORDER BY trade_date
