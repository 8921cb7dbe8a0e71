INSERT INTO daily_basic (
    trade_date, ts_code, close, turnover_rate, turnover_rate_f, volume_ratio, pe, pe_ttm, pb, ps, ps_ttm,
    dv_ratio, dv_ttm, total_share, float_share, free_share, total_mv, circ_mv,
    run_id
)
SELECT
    trade_date, ts_code, close, turnover_rate, turnover_rate_f, volume_ratio, pe, pe_ttm, pb, ps, ps_ttm,
    dv_ratio, dv_ttm, total_share, float_share, free_share, total_mv, circ_mv,
    $1
FROM staged_daily_basic
ON CONFLICT (trade_date, ts_code) DO UPDATE SET
    close = excluded.close,
    turnover_rate = excluded.turnover_rate,
    turnover_rate_f = excluded.turnover_rate_f,
    volume_ratio = excluded.volume_ratio,
    pe = excluded.pe,
    pe_ttm = excluded.pe_ttm,
    pb = excluded.pb,
    ps = excluded.ps,
    ps_ttm = excluded.ps_ttm,
    dv_ratio = excluded.dv_ratio,
    dv_ttm = excluded.dv_ttm,
    total_share = excluded.total_share,
    float_share = excluded.float_share,
    free_share = excluded.free_share,
    total_mv = excluded.total_mv,
    circ_mv = excluded.circ_mv,
    run_id = excluded.run_id
