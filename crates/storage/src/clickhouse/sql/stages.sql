SELECT name
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, 'stage_')
ORDER BY name
