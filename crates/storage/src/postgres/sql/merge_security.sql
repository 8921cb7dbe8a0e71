INSERT INTO security (
    ts_code, kind, name, area, industry, cnspell, list_date, delist_date, list_status,
    run_id
)
SELECT
    ts_code, kind, name, area, industry, cnspell, list_date, delist_date, list_status,
    $1
FROM staged_security
ON CONFLICT (ts_code) DO UPDATE SET
    kind = excluded.kind,
    name = excluded.name,
    area = excluded.area,
    industry = excluded.industry,
    cnspell = excluded.cnspell,
    list_date = excluded.list_date,
    delist_date = excluded.delist_date,
    list_status = excluded.list_status,
    run_id = excluded.run_id
