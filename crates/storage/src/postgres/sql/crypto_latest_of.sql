-- Of each ticker from coin to coin by the index, and of each its newest row: what it costs does not grow with the history.
WITH RECURSIVE coin AS (
    SELECT
        asked.symbol,
        asked.place,
        (SELECT first.id FROM crypto_market AS first WHERE first.symbol = asked.symbol ORDER BY first.id LIMIT 1) AS id
    FROM unnest($1::text[]) WITH ORDINALITY AS asked (symbol, place)
    UNION ALL
    SELECT
        coin.symbol,
        coin.place,
        (
            SELECT next.id FROM crypto_market AS next
            WHERE next.symbol = coin.symbol AND next.id > coin.id
            ORDER BY next.id
            LIMIT 1
        )
    FROM coin
    WHERE coin.id IS NOT NULL
)
SELECT newest.id, newest.symbol, newest.name, newest.price, newest.market_cap, newest.volume_24h, newest.change_24h, newest.last_updated
FROM coin
CROSS JOIN LATERAL (
    SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
    FROM crypto_market
    WHERE crypto_market.symbol = coin.symbol AND crypto_market.id = coin.id
    ORDER BY last_updated DESC
    LIMIT 1
) AS newest
ORDER BY coin.place, newest.market_cap DESC NULLS LAST, newest.id
