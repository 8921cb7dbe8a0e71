-- Codes are text such as 600519.SH and sort by byte, as the program sorts them. run_id is the ingest run that wrote the
-- row last.

CREATE TABLE ingest_run (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source        text NOT NULL,
    kind          text NOT NULL,
    state         text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    rows_read     bigint NOT NULL DEFAULT 0,
    rows_written  bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    error         text
);
COMMENT ON TABLE ingest_run IS 'Stockpile: one row for each ingest run';
COMMENT ON COLUMN ingest_run.source IS 'name of the file, or of the service';

CREATE TABLE revision (
    only_row           smallint PRIMARY KEY CHECK (only_row = 1),
    revision           bigint NOT NULL,
    market_fingerprint bigint NOT NULL,
    coins_fingerprint  bigint NOT NULL
);
COMMENT ON TABLE revision IS 'Stockpile: one row, which every commit of a run changes';
COMMENT ON COLUMN revision.revision IS 'rises with every commit, so that other processes notice new data';
COMMENT ON COLUMN revision.market_fingerprint IS 'no other state of the rows that are not about coins has it, nor any of another store';
COMMENT ON COLUMN revision.coins_fingerprint IS 'the same for prices and candles of coins';
INSERT INTO revision
VALUES (1, 0, hashtextextended(gen_random_uuid()::text, 0), hashtextextended(gen_random_uuid()::text, 0));

-- Day first: a day is written and read as one run of pages.
CREATE TABLE daily_bar (
    kind       smallint NOT NULL CHECK (kind IN (1, 2, 3)),
    trade_date date NOT NULL,
    ts_code    text COLLATE "C" NOT NULL,
    open       double precision,
    high       double precision,
    low        double precision,
    close      double precision NOT NULL,
    pre_close  double precision,
    change     double precision,
    pct_chg    double precision,
    vol        double precision,
    amount     double precision,
    adjusted   boolean NOT NULL,
    run_id     bigint NOT NULL,
    PRIMARY KEY (kind, trade_date, ts_code)
);
CREATE INDEX daily_bar_by_code ON daily_bar (ts_code, kind, trade_date);
COMMENT ON TABLE daily_bar IS 'Stockpile: daily bars of stocks, ETFs and indices';
COMMENT ON COLUMN daily_bar.kind IS '1 stock, 2 ETF, 3 index';
COMMENT ON COLUMN daily_bar.open IS 'CNY; indices: points';
COMMENT ON COLUMN daily_bar.high IS 'CNY; indices: points';
COMMENT ON COLUMN daily_bar.low IS 'CNY; indices: points';
COMMENT ON COLUMN daily_bar.close IS 'CNY; indices: points';
COMMENT ON COLUMN daily_bar.pre_close IS 'CNY; indices: points';
COMMENT ON COLUMN daily_bar.change IS 'CNY; indices: points';
COMMENT ON COLUMN daily_bar.pct_chg IS 'percent';
COMMENT ON COLUMN daily_bar.vol IS 'lots of 100 shares';
COMMENT ON COLUMN daily_bar.amount IS 'thousand CNY';
COMMENT ON COLUMN daily_bar.adjusted IS 'a price lies off the tick, so that the source must have adjusted it';

CREATE TABLE bar_day (
    kind       smallint NOT NULL,
    trade_date date NOT NULL,
    rows       bigint NOT NULL,
    adjusted   bigint NOT NULL,
    run_id     bigint NOT NULL,
    PRIMARY KEY (kind, trade_date)
);
COMMENT ON TABLE bar_day IS 'Stockpile: bars of each day, kept by every run that touches the day';
COMMENT ON COLUMN bar_day.adjusted IS 'bars off the tick';
COMMENT ON COLUMN bar_day.run_id IS 'the run that wrote bars of the day last';

CREATE TABLE adj_factor (
    ts_code    text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    adj_factor double precision NOT NULL,
    run_id     bigint NOT NULL,
    PRIMARY KEY (ts_code, trade_date)
);
COMMENT ON TABLE adj_factor IS 'Stockpile: adjustment factors';
COMMENT ON COLUMN adj_factor.adj_factor IS 'cumulative, dimensionless';

CREATE TABLE price_limit (
    trade_date date NOT NULL,
    ts_code    text COLLATE "C" NOT NULL,
    pre_close  double precision,
    up_limit   double precision NOT NULL,
    down_limit double precision NOT NULL,
    run_id     bigint NOT NULL,
    PRIMARY KEY (trade_date, ts_code)
);
COMMENT ON TABLE price_limit IS 'Stockpile: limit prices as the exchanges publish them';
COMMENT ON COLUMN price_limit.pre_close IS 'CNY';
COMMENT ON COLUMN price_limit.up_limit IS 'CNY';
COMMENT ON COLUMN price_limit.down_limit IS 'CNY';

CREATE TABLE trade_calendar (
    exchange      text COLLATE "C" NOT NULL,
    cal_date      date NOT NULL,
    is_open       boolean NOT NULL,
    pretrade_date date,
    run_id        bigint NOT NULL,
    PRIMARY KEY (exchange, cal_date)
);
COMMENT ON TABLE trade_calendar IS 'Stockpile: which days the exchanges trade';
COMMENT ON COLUMN trade_calendar.exchange IS 'SSE, SZSE or BSE';

CREATE TABLE security (
    ts_code     text COLLATE "C" NOT NULL PRIMARY KEY,
    kind        smallint NOT NULL CHECK (kind IN (1, 2, 3)),
    name        text,
    area        text,
    industry    text,
    cnspell     text,
    list_date   date,
    delist_date date,
    list_status text,
    run_id      bigint NOT NULL
);
COMMENT ON TABLE security IS 'Stockpile: facts about securities';
COMMENT ON COLUMN security.kind IS '1 stock, 2 ETF, 3 index';
COMMENT ON COLUMN security.cnspell IS 'initials in pinyin';
COMMENT ON COLUMN security.list_status IS 'L listed, D delisted, P paused, I issuing';

CREATE TABLE daily_basic (
    trade_date      date NOT NULL,
    ts_code         text COLLATE "C" NOT NULL,
    close           double precision,
    turnover_rate   double precision,
    turnover_rate_f double precision,
    volume_ratio    double precision,
    pe              double precision,
    pe_ttm          double precision,
    pb              double precision,
    ps              double precision,
    ps_ttm          double precision,
    dv_ratio        double precision,
    dv_ttm          double precision,
    total_share     double precision,
    float_share     double precision,
    free_share      double precision,
    total_mv        double precision,
    circ_mv         double precision,
    run_id          bigint NOT NULL,
    PRIMARY KEY (trade_date, ts_code)
);
CREATE INDEX daily_basic_by_code ON daily_basic (ts_code, trade_date);
COMMENT ON TABLE daily_basic IS 'Stockpile: valuations of stocks';
COMMENT ON COLUMN daily_basic.close IS 'CNY';
COMMENT ON COLUMN daily_basic.turnover_rate IS 'percent of the traded shares';
COMMENT ON COLUMN daily_basic.turnover_rate_f IS 'percent of the freely traded shares';
COMMENT ON COLUMN daily_basic.volume_ratio IS 'ratio to the mean of the five days before';
COMMENT ON COLUMN daily_basic.pe IS 'ratio; null at a loss';
COMMENT ON COLUMN daily_basic.pe_ttm IS 'ratio; null at a loss';
COMMENT ON COLUMN daily_basic.pb IS 'ratio';
COMMENT ON COLUMN daily_basic.ps IS 'ratio';
COMMENT ON COLUMN daily_basic.ps_ttm IS 'ratio';
COMMENT ON COLUMN daily_basic.dv_ratio IS 'percent';
COMMENT ON COLUMN daily_basic.dv_ttm IS 'percent';
COMMENT ON COLUMN daily_basic.total_share IS '10,000 shares';
COMMENT ON COLUMN daily_basic.float_share IS '10,000 shares';
COMMENT ON COLUMN daily_basic.free_share IS '10,000 shares';
COMMENT ON COLUMN daily_basic.total_mv IS '10,000 CNY';
COMMENT ON COLUMN daily_basic.circ_mv IS '10,000 CNY';

CREATE TABLE suspension (
    trade_date     date NOT NULL,
    ts_code        text COLLATE "C" NOT NULL,
    suspend_type   text COLLATE "C" NOT NULL CHECK (suspend_type IN ('S', 'R')),
    suspend_timing text,
    run_id         bigint NOT NULL,
    PRIMARY KEY (trade_date, ts_code, suspend_type)
);
COMMENT ON TABLE suspension IS 'Stockpile: suspensions of trading';
COMMENT ON COLUMN suspension.suspend_type IS 'S suspended, R resumed';
COMMENT ON COLUMN suspension.suspend_timing IS 'exchange time, such as 09:30-10:00; null: the whole day';

CREATE TABLE minute_bar (
    ts_code text COLLATE "C" NOT NULL,
    freq    smallint NOT NULL CHECK (freq IN (1, 5, 15, 30, 60)),
    time    timestamptz NOT NULL,
    open    double precision NOT NULL,
    high    double precision NOT NULL,
    low     double precision NOT NULL,
    close   double precision NOT NULL,
    vol     double precision,
    amount  double precision,
    run_id  bigint NOT NULL,
    PRIMARY KEY (ts_code, freq, time)
);
COMMENT ON TABLE minute_bar IS 'Stockpile: bars of stocks and ETFs within a trading day';
COMMENT ON COLUMN minute_bar.freq IS 'minutes of trading';
COMMENT ON COLUMN minute_bar.time IS 'end of the bar';
COMMENT ON COLUMN minute_bar.open IS 'CNY';
COMMENT ON COLUMN minute_bar.high IS 'CNY';
COMMENT ON COLUMN minute_bar.low IS 'CNY';
COMMENT ON COLUMN minute_bar.close IS 'CNY';
COMMENT ON COLUMN minute_bar.vol IS 'lots of 100 shares';
COMMENT ON COLUMN minute_bar.amount IS 'thousand CNY';

CREATE TABLE candle (
    symbol       text COLLATE "C" NOT NULL,
    interval     integer NOT NULL,
    time         timestamptz NOT NULL,
    open         double precision NOT NULL,
    high         double precision NOT NULL,
    low          double precision NOT NULL,
    close        double precision NOT NULL,
    volume       double precision,
    quote_volume double precision,
    run_id       bigint NOT NULL,
    PRIMARY KEY (symbol, interval, time)
);
COMMENT ON TABLE candle IS 'Stockpile: candles of crypto pairs';
COMMENT ON COLUMN candle.symbol IS 'pair in upper case, such as BTCUSDT';
COMMENT ON COLUMN candle.interval IS 'seconds';
COMMENT ON COLUMN candle.time IS 'opening of the candle';
COMMENT ON COLUMN candle.open IS 'quote currency';
COMMENT ON COLUMN candle.high IS 'quote currency';
COMMENT ON COLUMN candle.low IS 'quote currency';
COMMENT ON COLUMN candle.close IS 'quote currency';
COMMENT ON COLUMN candle.volume IS 'base currency';
COMMENT ON COLUMN candle.quote_volume IS 'quote currency';

-- Every answer of the source stays; the latest of a coin is its newest.
CREATE TABLE crypto_market (
    id           text COLLATE "C" NOT NULL,
    last_updated timestamptz NOT NULL,
    symbol       text COLLATE "C" NOT NULL,
    name         text,
    price        double precision,
    market_cap   double precision,
    volume_24h   double precision,
    change_24h   double precision,
    run_id       bigint NOT NULL,
    PRIMARY KEY (id, last_updated)
);
CREATE INDEX crypto_market_by_symbol ON crypto_market (symbol, id, last_updated);
COMMENT ON TABLE crypto_market IS 'Stockpile: prices of coins, one row for each coin and answer of the source';
COMMENT ON COLUMN crypto_market.id IS 'the source''s name of the coin, such as bitcoin';
COMMENT ON COLUMN crypto_market.last_updated IS 'when the source took the figures';
COMMENT ON COLUMN crypto_market.price IS 'USD';
COMMENT ON COLUMN crypto_market.market_cap IS 'USD';
COMMENT ON COLUMN crypto_market.volume_24h IS 'USD';
COMMENT ON COLUMN crypto_market.change_24h IS 'percent';
