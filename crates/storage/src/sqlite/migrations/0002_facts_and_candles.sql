-- Dates are numbers YYYYMMDD, times Unix milliseconds (UTC), codes text such as 600519.SH.
-- run_id is the ingest run that wrote the row last.

CREATE TABLE daily_basic (
    trade_date      INTEGER NOT NULL,
    ts_code         TEXT    NOT NULL,
    close           REAL, -- CNY
    turnover_rate   REAL, -- percent of the traded shares
    turnover_rate_f REAL, -- percent of the freely traded shares
    volume_ratio    REAL, -- by the mean of the five days before
    pe              REAL, -- null at a loss
    pe_ttm          REAL, -- null at a loss
    pb              REAL,
    ps              REAL,
    ps_ttm          REAL,
    dv_ratio        REAL, -- percent
    dv_ttm          REAL, -- percent
    total_share     REAL, -- 10,000 shares
    float_share     REAL, -- 10,000 shares
    free_share      REAL, -- 10,000 shares
    total_mv        REAL, -- 10,000 CNY
    circ_mv         REAL, -- 10,000 CNY
    run_id          INTEGER NOT NULL,
    PRIMARY KEY (trade_date, ts_code)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_basic_by_code ON daily_basic (ts_code, trade_date);

CREATE TABLE suspension (
    trade_date     INTEGER NOT NULL,
    ts_code        TEXT    NOT NULL,
    suspend_type   TEXT    NOT NULL CHECK (suspend_type IN ('S', 'R')), -- S suspended, R resumed
    suspend_timing TEXT, -- exchange time, such as 09:30-10:00; null: the whole day
    run_id         INTEGER NOT NULL,
    PRIMARY KEY (trade_date, ts_code, suspend_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE minute_bar (
    ts_code TEXT    NOT NULL,
    freq    INTEGER NOT NULL CHECK (freq IN (1, 5, 15, 30, 60)), -- minutes of trading
    time    INTEGER NOT NULL, -- end of the bar
    open    REAL    NOT NULL, -- CNY
    high    REAL    NOT NULL, -- CNY
    low     REAL    NOT NULL, -- CNY
    close   REAL    NOT NULL, -- CNY
    vol     REAL,             -- lots of 100 shares
    amount  REAL,             -- thousand CNY
    run_id  INTEGER NOT NULL,
    PRIMARY KEY (ts_code, freq, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE candle (
    symbol       TEXT    NOT NULL,
    interval     INTEGER NOT NULL, -- seconds
    time         INTEGER NOT NULL, -- opening of the candle
    open         REAL    NOT NULL, -- quote currency
    high         REAL    NOT NULL, -- quote currency
    low          REAL    NOT NULL, -- quote currency
    close        REAL    NOT NULL, -- quote currency
    volume       REAL,             -- base currency
    quote_volume REAL,             -- quote currency
    run_id       INTEGER NOT NULL,
    PRIMARY KEY (symbol, interval, time)
) STRICT, WITHOUT ROWID;

-- Every answer of the source stays; the latest of a coin is its newest.
CREATE TABLE crypto_market (
    id           TEXT    NOT NULL,
    last_updated INTEGER NOT NULL,
    symbol       TEXT    NOT NULL,
    name         TEXT,
    price        REAL, -- USD
    market_cap   REAL, -- USD
    volume_24h   REAL, -- USD
    change_24h   REAL, -- percent
    run_id       INTEGER NOT NULL,
    PRIMARY KEY (id, last_updated)
) STRICT, WITHOUT ROWID;
CREATE INDEX crypto_market_by_symbol ON crypto_market (symbol, id, last_updated);
