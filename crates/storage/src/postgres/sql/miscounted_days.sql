WITH counted AS (
    SELECT kind, trade_date, count(*) AS rows, count(*) FILTER (WHERE adjusted) AS adjusted
    FROM daily_bar
    GROUP BY kind, trade_date
),
kept AS (
    SELECT kind, trade_date, rows, adjusted
    FROM bar_day
    WHERE rows > 0
)
SELECT kind, trade_date FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS missing
UNION
SELECT kind, trade_date FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS wrong
