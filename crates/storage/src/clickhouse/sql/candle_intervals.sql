SELECT DISTINCT interval FROM candle WHERE symbol = {symbol:String} ORDER BY interval
