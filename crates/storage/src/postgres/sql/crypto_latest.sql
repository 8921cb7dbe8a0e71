SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
FROM (
    SELECT DISTINCT ON (id) id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
    FROM crypto_market
    ORDER BY id, last_updated DESC
) AS newest
ORDER BY market_cap DESC NULLS LAST, id
