INSERT INTO ingest_run
    (source, kind, state, started_at)
VALUES (:source, :kind, 'running', :started_at)
RETURNING id
