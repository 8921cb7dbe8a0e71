//! Writing what has a time of day.

use rusqlite::{Connection, params};
use stockpile_market::{Candle, CryptoMarket, MinuteBar};

use super::write;
use crate::{Duplicate, RunId, SourceRow};

pub(crate) fn minute_bars(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<MinuteBar>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("../sql/upsert_minute_bar.sql");
    write(
        connection,
        sql,
        rows,
        |bar| (bar.ts_code, bar.freq, bar.time),
        |statement, bar| {
            statement.execute(params![
                bar.ts_code.text().as_str(),
                bar.freq.minutes(),
                bar.time.as_millisecond(),
                bar.open,
                bar.high,
                bar.low,
                bar.close,
                bar.vol,
                bar.amount,
                run.0,
            ])
        },
    )
}

pub(crate) fn candles(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<Candle>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("../sql/upsert_candle.sql");
    write(
        connection,
        sql,
        rows,
        |candle| (candle.symbol.clone(), candle.interval, candle.time),
        |statement, candle| {
            statement.execute(params![
                candle.symbol,
                candle.interval.seconds(),
                candle.time.as_millisecond(),
                candle.open,
                candle.high,
                candle.low,
                candle.close,
                candle.volume,
                candle.quote_volume,
                run.0,
            ])
        },
    )
}

pub(crate) fn crypto_markets(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<CryptoMarket>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("../sql/upsert_crypto_market.sql");
    write(
        connection,
        sql,
        rows,
        |market| (market.id.clone(), market.last_updated),
        |statement, market| {
            statement.execute(params![
                market.id,
                market.last_updated.as_millisecond(),
                market.symbol,
                market.name,
                market.price,
                market.market_cap,
                market.volume_24h,
                market.change_24h,
                run.0,
            ])
        },
    )
}
