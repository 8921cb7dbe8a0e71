SELECT EXISTS (SELECT 1 FROM candle WHERE symbol = :symbol AND interval = :interval)
