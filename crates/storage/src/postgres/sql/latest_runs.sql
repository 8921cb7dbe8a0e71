SELECT id, source, kind, state, started_at, ended_at, rows_read, rows_written, rows_rejected, error
FROM ingest_run
ORDER BY id DESC
LIMIT $1
