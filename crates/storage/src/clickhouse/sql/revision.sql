SELECT revision, fingerprint, market_fingerprint, coins_fingerprint
FROM revision
ORDER BY revision DESC, fingerprint DESC
LIMIT 1
