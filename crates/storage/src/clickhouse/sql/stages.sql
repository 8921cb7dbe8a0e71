SELECT name, total_rows
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, 'stage_')
ORDER BY name
