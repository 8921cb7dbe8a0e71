SELECT DISTINCT freq FROM minute_bar WHERE ts_code = {ts_code:String} ORDER BY freq
