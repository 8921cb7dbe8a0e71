INSERT INTO security
    (ts_code, kind, name, area, industry, cnspell, list_date, delist_date, list_status, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
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
WHERE security.run_id <> excluded.run_id
