-- A coin may have changed its ticker: its newest row of each ticker asked for.
SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
FROM (
    SELECT id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated, version
    FROM crypto_market
    WHERE (id, last_updated) IN (
        SELECT id, max(last_updated)
        FROM (
            SELECT id, last_updated, argMax(symbol, version) AS newest_symbol
            FROM crypto_market
            WHERE id IN (SELECT id FROM crypto_market WHERE symbol IN {symbols:Array(String)})
            GROUP BY id, last_updated
        )
        WHERE newest_symbol IN {symbols:Array(String)}
        GROUP BY id, newest_symbol
    )
    ORDER BY id, last_updated, version DESC
    LIMIT 1 BY id, last_updated
)
ORDER BY market_cap DESC NULLS LAST, id
