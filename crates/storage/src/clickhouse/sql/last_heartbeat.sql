SELECT
    countIf(released) > 0 AS released,
    count() AS heartbeats,
    toInt64(dateDiff('millisecond', max(at), now64(3, 'UTC'))) AS age
FROM {lock:Identifier}
