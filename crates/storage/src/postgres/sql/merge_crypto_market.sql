INSERT INTO crypto_market (
    id, last_updated, symbol, name, price, market_cap, volume_24h, change_24h,
    run_id
)
SELECT
    id, last_updated, symbol, name, price, market_cap, volume_24h, change_24h,
    $1
FROM staged_crypto_market
ON CONFLICT (id, last_updated) DO UPDATE SET
    symbol = excluded.symbol,
    name = excluded.name,
    price = excluded.price,
    market_cap = excluded.market_cap,
    volume_24h = excluded.volume_24h,
    change_24h = excluded.change_24h,
    run_id = excluded.run_id
