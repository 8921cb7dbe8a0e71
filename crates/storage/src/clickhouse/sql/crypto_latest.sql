SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
FROM (
    SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated, version
    FROM crypto_market
    WHERE (id, last_updated) IN (SELECT id, max(last_updated) FROM crypto_market GROUP BY id)
    ORDER BY id, version DESC
    LIMIT 1 BY id
)
ORDER BY market_cap DESC NULLS LAST, id
