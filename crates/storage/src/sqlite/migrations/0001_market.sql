-- Dates are numbers YYYYMMDD, times Unix milliseconds, codes text such as 600519.SH.
-- run_id is the ingest run that wrote the row last.

CREATE TABLE ingest_run (
    id            INTEGER PRIMARY KEY,
    source        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    rows_read     INTEGER NOT NULL DEFAULT 0,
    rows_written  INTEGER NOT NULL DEFAULT 0,
    rows_rejected INTEGER NOT NULL DEFAULT 0,
    error         TEXT
) STRICT;

-- One row. Every commit of a run raises it, so that other processes notice new data.
CREATE TABLE revision (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (1, 0);

-- Day first: a day is written and read as one run of pages.
CREATE TABLE daily_bar (
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2, 3)), -- 1 stock, 2 ETF, 3 index
    trade_date INTEGER NOT NULL,
    ts_code    TEXT    NOT NULL,
    open       REAL,             -- CNY; indices: points
    high       REAL,             -- CNY; indices: points
    low        REAL,             -- CNY; indices: points
    close      REAL    NOT NULL, -- CNY; indices: points
    pre_close  REAL,             -- CNY; indices: points
    change     REAL,             -- CNY; indices: points
    pct_chg    REAL,             -- percent
    vol        REAL,             -- lots of 100 shares
    amount     REAL,             -- thousand CNY
    adjusted   INTEGER NOT NULL, -- 1 when a price lies off the tick
    run_id     INTEGER NOT NULL,
    PRIMARY KEY (kind, trade_date, ts_code)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_bar_by_code ON daily_bar (ts_code, trade_date);

-- Bars of each day, kept by every run that touches the day.
CREATE TABLE bar_day (
    kind       INTEGER NOT NULL,
    trade_date INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    adjusted   INTEGER NOT NULL, -- rows off the tick
    PRIMARY KEY (kind, trade_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE adj_factor (
    ts_code    TEXT    NOT NULL,
    trade_date INTEGER NOT NULL,
    adj_factor REAL    NOT NULL, -- cumulative, dimensionless
    run_id     INTEGER NOT NULL,
    PRIMARY KEY (ts_code, trade_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE price_limit (
    trade_date INTEGER NOT NULL,
    ts_code    TEXT    NOT NULL,
    pre_close  REAL,             -- CNY
    up_limit   REAL    NOT NULL, -- CNY
    down_limit REAL    NOT NULL, -- CNY
    run_id     INTEGER NOT NULL,
    PRIMARY KEY (trade_date, ts_code)
) STRICT, WITHOUT ROWID;

CREATE TABLE trade_calendar (
    exchange      TEXT    NOT NULL, -- SSE, SZSE or BSE
    cal_date      INTEGER NOT NULL,
    is_open       INTEGER NOT NULL,
    pretrade_date INTEGER,
    run_id        INTEGER NOT NULL,
    PRIMARY KEY (exchange, cal_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE security (
    ts_code     TEXT    NOT NULL PRIMARY KEY,
    kind        INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    name        TEXT,
    area        TEXT,
    industry    TEXT,
    cnspell     TEXT, -- initials in pinyin
    list_date   INTEGER,
    delist_date INTEGER,
    list_status TEXT, -- L listed, D delisted, P paused, I issuing
    run_id      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
