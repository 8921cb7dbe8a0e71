SELECT newest.id, newest.symbol, newest.name, newest.price, newest.market_cap, newest.volume_24h, newest.change_24h, newest.last_updated
FROM unnest($1::text[]) WITH ORDINALITY AS asked (symbol, place)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (id) id, symbol, name, price, market_cap, volume_24h, change_24h, last_updated
    FROM crypto_market
    WHERE crypto_market.symbol = asked.symbol
    ORDER BY id, last_updated DESC
) AS newest
ORDER BY asked.place, newest.market_cap DESC NULLS LAST, newest.id
