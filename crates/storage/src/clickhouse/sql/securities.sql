SELECT ts_code, kind, name, area, industry, cnspell, list_date, delist_date, list_status
FROM security
ORDER BY ts_code, version DESC
LIMIT 1 BY ts_code
