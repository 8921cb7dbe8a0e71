-- A probe of the key for each frequency: a walk over a security's minutes would be long.
SELECT asked.freq
FROM unnest($2::smallint[]) AS asked (freq)
WHERE EXISTS (SELECT 1 FROM minute_bar WHERE minute_bar.ts_code = $1 AND minute_bar.freq = asked.freq)
ORDER BY asked.freq
