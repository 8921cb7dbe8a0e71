SELECT count() > 0 FROM (SELECT 1 FROM crypto_market LIMIT 1)
