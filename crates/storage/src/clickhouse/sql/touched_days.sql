SELECT DISTINCT kind, trade_date FROM {stage:Identifier} ORDER BY kind, trade_date
