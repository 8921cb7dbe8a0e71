-- Codes are text of nine bytes such as 600519.SH, times are UTC. version is the ingest run that wrote the row: of rows with
-- the same key the one with the highest version counts, and the others go when the engine merges.
-- A statement ends with a semicolon at the end of a line. DDL says IF NOT EXISTS: several programs may migrate at once.

CREATE TABLE IF NOT EXISTS ingest_run (
    id            UInt64,
    source        String,
    kind          LowCardinality(String),
    state         LowCardinality(String) COMMENT 'running, committing, done or failed',
    started_at    DateTime64(3, 'UTC'),
    ended_at      Nullable(DateTime64(3, 'UTC')),
    rows_read     UInt64,
    rows_written  UInt64,
    rows_rejected UInt64,
    error         Nullable(String),
    step          UInt8 COMMENT '1 running, 2 committing, 3 ended; the highest counts'
)
ENGINE = ReplacingMergeTree(step)
ORDER BY id
COMMENT 'Stockpile: ingest runs';

CREATE TABLE IF NOT EXISTS revision (
    revision           UInt64 COMMENT 'rises with every commit; the highest counts',
    fingerprint        UInt64 COMMENT 'of several rows of one revision the highest counts',
    market_fingerprint UInt64 COMMENT 'stands for the rows that are not about coins, as they are',
    coins_fingerprint  UInt64 COMMENT 'stands for prices and candles of coins, as they are'
)
ENGINE = ReplacingMergeTree(fingerprint)
ORDER BY revision
COMMENT 'Stockpile: states of the data';

CREATE TABLE IF NOT EXISTS daily_bar (
    kind       UInt8             COMMENT '1 stock, 2 ETF, 3 index',
    ts_code    FixedString(9),
    trade_date Date32,
    open       Nullable(Float64) COMMENT 'CNY; indices: points',
    high       Nullable(Float64) COMMENT 'CNY; indices: points',
    low        Nullable(Float64) COMMENT 'CNY; indices: points',
    close      Float64           COMMENT 'CNY; indices: points',
    pre_close  Nullable(Float64) COMMENT 'CNY; indices: points',
    change     Nullable(Float64) COMMENT 'CNY; indices: points',
    pct_chg    Nullable(Float64) COMMENT 'percent',
    vol        Nullable(Float64) COMMENT 'lots of 100 shares',
    amount     Nullable(Float64) COMMENT 'thousand CNY',
    adjusted   Bool              COMMENT 'a price lies off the tick',
    version    UInt64,
    PROJECTION by_day (SELECT * ORDER BY kind, trade_date, ts_code)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kind, ts_code, trade_date)
SETTINGS deduplicate_merge_projection_mode = 'rebuild'
COMMENT 'Stockpile: daily bars';

CREATE TABLE IF NOT EXISTS bar_day (
    kind       UInt8  COMMENT '1 stock, 2 ETF, 3 index',
    trade_date Date32,
    rows       UInt32 COMMENT 'bars of the day',
    adjusted   UInt32 COMMENT 'bars off the tick',
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kind, trade_date)
COMMENT 'Stockpile: how many bars each day has';

CREATE TABLE IF NOT EXISTS adj_factor (
    ts_code    FixedString(9),
    trade_date Date32,
    adj_factor Float64 COMMENT 'cumulative, dimensionless',
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (ts_code, trade_date)
COMMENT 'Stockpile: adjustment factors';

CREATE TABLE IF NOT EXISTS price_limit (
    trade_date Date32,
    ts_code    FixedString(9),
    pre_close  Nullable(Float64) COMMENT 'CNY',
    up_limit   Float64           COMMENT 'CNY',
    down_limit Float64           COMMENT 'CNY',
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (trade_date, ts_code)
COMMENT 'Stockpile: published price limits';

CREATE TABLE IF NOT EXISTS trade_calendar (
    exchange      LowCardinality(String) COMMENT 'SSE, SZSE or BSE',
    cal_date      Date32,
    is_open       Bool,
    pretrade_date Nullable(Date32),
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (exchange, cal_date)
COMMENT 'Stockpile: trading calendar';

CREATE TABLE IF NOT EXISTS security (
    ts_code     FixedString(9),
    kind        UInt8            COMMENT '1 stock, 2 ETF, 3 index',
    name        Nullable(String),
    area        Nullable(String),
    industry    Nullable(String),
    cnspell     Nullable(String) COMMENT 'initials in pinyin',
    list_date   Nullable(Date32),
    delist_date Nullable(Date32),
    list_status Nullable(String) COMMENT 'L listed, D delisted, P paused, I issuing',
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY ts_code
COMMENT 'Stockpile: facts about securities';

CREATE TABLE IF NOT EXISTS daily_basic (
    ts_code         FixedString(9),
    trade_date      Date32,
    close           Nullable(Float64) COMMENT 'CNY',
    turnover_rate   Nullable(Float64) COMMENT 'percent of the traded shares',
    turnover_rate_f Nullable(Float64) COMMENT 'percent of the freely traded shares',
    volume_ratio    Nullable(Float64) COMMENT 'by the mean of the five days before',
    pe              Nullable(Float64) COMMENT 'null at a loss',
    pe_ttm          Nullable(Float64) COMMENT 'null at a loss',
    pb              Nullable(Float64),
    ps              Nullable(Float64),
    ps_ttm          Nullable(Float64),
    dv_ratio        Nullable(Float64) COMMENT 'percent',
    dv_ttm          Nullable(Float64) COMMENT 'percent',
    total_share     Nullable(Float64) COMMENT '10,000 shares',
    float_share     Nullable(Float64) COMMENT '10,000 shares',
    free_share      Nullable(Float64) COMMENT '10,000 shares',
    total_mv        Nullable(Float64) COMMENT '10,000 CNY',
    circ_mv         Nullable(Float64) COMMENT '10,000 CNY',
    version         UInt64,
    PROJECTION by_day (SELECT * ORDER BY trade_date, ts_code)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (ts_code, trade_date)
SETTINGS deduplicate_merge_projection_mode = 'rebuild'
COMMENT 'Stockpile: valuations of stocks';

CREATE TABLE IF NOT EXISTS suspension (
    trade_date     Date32,
    ts_code        FixedString(9),
    suspend_type   FixedString(1)   COMMENT 'S suspended, R resumed',
    suspend_timing Nullable(String) COMMENT 'exchange time, such as 09:30-10:00; null: the whole day',
    version        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (trade_date, ts_code, suspend_type)
COMMENT 'Stockpile: suspensions of trading';

CREATE TABLE IF NOT EXISTS minute_bar (
    ts_code FixedString(9),
    freq    UInt16               COMMENT 'minutes of trading',
    time    DateTime64(3, 'UTC') COMMENT 'end of the bar',
    open    Float64              COMMENT 'CNY',
    high    Float64              COMMENT 'CNY',
    low     Float64              COMMENT 'CNY',
    close   Float64              COMMENT 'CNY',
    vol     Nullable(Float64)    COMMENT 'lots of 100 shares',
    amount  Nullable(Float64)    COMMENT 'thousand CNY',
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (ts_code, freq, time)
COMMENT 'Stockpile: bars within trading days';

CREATE TABLE IF NOT EXISTS candle (
    symbol       LowCardinality(String),
    interval     UInt32               COMMENT 'seconds',
    time         DateTime64(3, 'UTC') COMMENT 'opening of the candle',
    open         Float64              COMMENT 'quote currency',
    high         Float64              COMMENT 'quote currency',
    low          Float64              COMMENT 'quote currency',
    close        Float64              COMMENT 'quote currency',
    volume       Nullable(Float64)    COMMENT 'base currency',
    quote_volume Nullable(Float64)    COMMENT 'quote currency',
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (symbol, interval, time)
COMMENT 'Stockpile: candles of crypto pairs';

CREATE TABLE IF NOT EXISTS crypto_market (
    id           LowCardinality(String),
    last_updated DateTime64(3, 'UTC'),
    symbol       LowCardinality(String),
    name         Nullable(String),
    price        Nullable(Float64) COMMENT 'USD',
    market_cap   Nullable(Float64) COMMENT 'USD',
    volume_24h   Nullable(Float64) COMMENT 'USD',
    change_24h   Nullable(Float64) COMMENT 'percent',
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id, last_updated)
COMMENT 'Stockpile: every answer about the prices of coins';
