UPDATE ingest_run
SET state = :state,
    ended_at = :ended_at,
    rows_read = :rows_read,
    rows_written = :rows_written,
    rows_rejected = :rows_rejected,
    error = :error
WHERE id = :id
