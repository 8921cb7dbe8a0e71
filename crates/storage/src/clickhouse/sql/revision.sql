SELECT revision, fingerprint FROM revision ORDER BY revision DESC, fingerprint DESC LIMIT 1
