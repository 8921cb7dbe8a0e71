UPDATE ingest_run
SET state = 'failed',
    ended_at = :ended_at,
    error = :error
WHERE state = 'running'
RETURNING id
