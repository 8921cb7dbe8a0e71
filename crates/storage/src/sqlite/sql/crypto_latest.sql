-- From coin to coin by the key, and of each its newest row: what it costs does not grow with the history.
WITH RECURSIVE coin (coin_id) AS (
    SELECT min(id) FROM crypto_market
    UNION ALL
    SELECT (SELECT min(id) FROM crypto_market WHERE id > coin_id) FROM coin WHERE coin_id IS NOT NULL
)
SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
FROM coin
CROSS JOIN crypto_market
    ON id = coin_id AND last_updated = (SELECT max(last_updated) FROM crypto_market WHERE id = coin_id)
ORDER BY market_cap DESC NULLS LAST, id
