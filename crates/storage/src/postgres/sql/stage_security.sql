CREATE TEMPORARY TABLE staged_security ON COMMIT DROP AS
SELECT
    ts_code, kind, name, area, industry, cnspell, list_date, delist_date, list_status
FROM security
WITH NO DATA
