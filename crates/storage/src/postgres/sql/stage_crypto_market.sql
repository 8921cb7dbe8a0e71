CREATE TEMPORARY TABLE staged_crypto_market ON COMMIT DROP AS
SELECT
    id, last_updated, symbol, name, price, market_cap, volume_24h, change_24h
FROM crypto_market
WITH NO DATA
