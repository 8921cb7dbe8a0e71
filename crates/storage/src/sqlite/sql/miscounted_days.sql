WITH counted AS (
    SELECT kind, trade_date, count(*) AS rows, sum(adjusted) AS adjusted
    FROM daily_bar
    GROUP BY kind, trade_date
),
kept AS (
    SELECT kind, trade_date, rows, adjusted
    FROM bar_day
    WHERE rows > 0
)
SELECT kind, trade_date FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)
UNION
SELECT kind, trade_date FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted)
