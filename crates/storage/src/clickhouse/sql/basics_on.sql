SELECT
    trade_date, ts_code, close, turnover_rate, turnover_rate_f, volume_ratio, pe, pe_ttm, pb, ps, ps_ttm,
    dv_ratio, dv_ttm, total_share, float_share, free_share, total_mv, circ_mv
FROM daily_basic
WHERE trade_date = toDate32('1970-01-01') + {trade_date:Int32}
ORDER BY ts_code, version DESC
LIMIT 1 BY ts_code
