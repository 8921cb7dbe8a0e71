SELECT max(id) FROM ingest_run
