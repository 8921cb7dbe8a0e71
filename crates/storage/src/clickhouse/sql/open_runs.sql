-- Runs that nobody ended, the oldest first.
SELECT id, source, kind, state, started_at, ended_at, rows_read, rows_written, rows_rejected, error, step
FROM (
    SELECT id, source, kind, state, started_at, ended_at, rows_read, rows_written, rows_rejected, error, step
    FROM ingest_run
    ORDER BY id, step DESC
    LIMIT 1 BY id
)
WHERE step < 3
ORDER BY id
