-- The narrow columns are read first: of the rows at some coin's newest time, the newest of each coin.
SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
FROM (
    SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated, version
    FROM crypto_market
    PREWHERE last_updated IN (SELECT max(last_updated) FROM crypto_market GROUP BY id)
    ORDER BY id, last_updated DESC, version DESC
    LIMIT 1 BY id
)
ORDER BY market_cap DESC NULLS LAST, id
