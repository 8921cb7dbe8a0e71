-- Seconds since each was made: one that has no heartbeat yet is as young as its table.
SELECT name, greatest(0, toUnixTimestamp(now()) - toUnixTimestamp(metadata_modification_time)) AS age
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, 'run_lock_')
