UPDATE ingest_run
SET state = $2,
    ended_at = $3,
    rows_read = $4,
    rows_written = $5,
    rows_rejected = $6,
    error = $7
WHERE id = $1
