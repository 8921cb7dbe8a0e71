SELECT EXISTS (SELECT 1 FROM minute_bar WHERE ts_code = :ts_code AND freq = :freq)
