-- A probe of the index for each code and kind.
SELECT asked.ts_code, known.kind
FROM unnest($1::text[]) WITH ORDINALITY AS asked (ts_code, place)
CROSS JOIN (VALUES (1::smallint), (2::smallint), (3::smallint)) AS known (kind)
WHERE EXISTS (SELECT 1 FROM daily_bar WHERE daily_bar.ts_code = asked.ts_code AND daily_bar.kind = known.kind)
ORDER BY asked.place, known.kind
