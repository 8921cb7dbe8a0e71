SELECT
    daily_basic.trade_date, daily_basic.ts_code, close, turnover_rate, turnover_rate_f, volume_ratio, pe, pe_ttm, pb, ps, ps_ttm,
    dv_ratio, dv_ttm, total_share, float_share, free_share, total_mv, circ_mv
FROM unnest($1::text[]) WITH ORDINALITY AS asked (ts_code, place)
JOIN daily_basic ON daily_basic.ts_code = asked.ts_code AND daily_basic.trade_date = $2
ORDER BY asked.place
