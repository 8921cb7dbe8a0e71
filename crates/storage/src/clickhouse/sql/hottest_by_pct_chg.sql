SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
FROM (
    SELECT ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount
    FROM daily_bar
    WHERE kind = {kind:UInt8} AND trade_date = toDate32('1970-01-01') + {trade_date:Int32}
        AND endsWith(ts_code, {suffix:String}) -- the empty suffix: every exchange
    ORDER BY ts_code, version DESC
    LIMIT 1 BY ts_code
)
WHERE vol IS NULL OR vol > 0 -- a suspended security has no row or one without volume
ORDER BY pct_chg DESC NULLS LAST, ts_code
LIMIT {limit:UInt32}
