INSERT INTO ingest_run
    (source, kind, state, started_at)
VALUES ($1, $2, 'running', $3)
RETURNING id
