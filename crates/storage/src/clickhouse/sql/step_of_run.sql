SELECT step FROM ingest_run WHERE id = {id:UInt64} ORDER BY step DESC LIMIT 1
