UPDATE ingest_run
SET state = 'failed',
    ended_at = $1,
    error = $2
WHERE state = 'running'
RETURNING id
