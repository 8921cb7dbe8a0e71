SELECT id, source, kind, state, started_at, ended_at, rows_read, rows_written, rows_rejected, error, step
FROM ingest_run
ORDER BY id DESC, step DESC
LIMIT 1 BY id
LIMIT {limit:UInt32}
