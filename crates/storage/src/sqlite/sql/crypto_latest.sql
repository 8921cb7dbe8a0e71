SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
FROM crypto_market
JOIN (SELECT id AS newest_id, max(last_updated) AS newest FROM crypto_market GROUP BY id)
    ON id = newest_id AND last_updated = newest
ORDER BY market_cap DESC NULLS LAST, id
