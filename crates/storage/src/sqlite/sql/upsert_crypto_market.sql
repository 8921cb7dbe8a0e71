INSERT INTO crypto_market
    (id, last_updated, symbol, name, price, market_cap, volume_24h, change_24h, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id, last_updated) DO UPDATE SET
    symbol = excluded.symbol,
    name = excluded.name,
    price = excluded.price,
    market_cap = excluded.market_cap,
    volume_24h = excluded.volume_24h,
    change_24h = excluded.change_24h,
    run_id = excluded.run_id
WHERE crypto_market.run_id <> excluded.run_id
