-- One run writes at a time, and this one is about to: whatever is still running was killed.
UPDATE ingest_run
SET state = 'failed',
    error = 'interrupted'
WHERE state = 'running'
