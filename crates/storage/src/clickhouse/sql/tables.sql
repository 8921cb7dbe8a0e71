SELECT name, comment
FROM system.tables
WHERE database = currentDatabase()
ORDER BY name
