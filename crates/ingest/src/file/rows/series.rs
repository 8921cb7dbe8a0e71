//! Bars within trading days, candles and prices of coins.

use stockpile_market::{BarFreq, Candle, CryptoMarket, MinuteBar};

use super::super::{
    field::{self, Field, refuse},
    kind::FileKind,
    layout::Layout,
    records::Record,
    time,
};

/// What a bar without its own frequency covers.
const PLAIN_FREQ: BarFreq = BarFreq::Min60;
/// How far the average price may lie from the bar. Units that are mistaken put it ten times off.
const AVERAGE_SLACK: f64 = 2.0;

/// Columns in the order of [`FileKind::required_columns`], then of [`FileKind::optional_columns`].
pub(super) fn minute_bar(layout: &Layout, record: &Record<'_>) -> Field<MinuteBar> {
    let value = |column| layout.field(record, column);
    // Amount stands at the same place, required or not; so does the frequency behind it.
    let freq = match field::text("freq", value(8))?.map(|text| text.parse()) {
        Some(Ok(freq)) => Some(freq),
        Some(Err(_)) => return refuse("freq", value(8), "not one of 1min, 5min, 15min, 30min and 60min"),
        None => None,
    };
    let mut bar = MinuteBar {
        ts_code: field::code("ts_code", value(0))?,
        freq: freq.unwrap_or(PLAIN_FREQ),
        time: time::exchange("trade_time", value(1))?,
        open: field::present("open", field::price("open", value(2))?)?,
        high: field::present("high", field::price("high", value(3))?)?,
        low: field::present("low", field::price("low", value(4))?)?,
        close: field::present("close", field::price("close", value(5))?)?,
        vol: field::quantity("vol", value(6))?,
        amount: field::quantity("amount", value(7))?,
    };
    if !time::minute_of_day(bar.time).is_some_and(|minute| bar.freq.can_end_at(minute)) {
        if freq.is_none() {
            return field::refuse_file(
                "trade_time",
                value(1),
                "ends no 60-minute bar; give bars of another length a column `freq` such as 5min",
            );
        }
        return refuse("trade_time", value(1), "no bar of this frequency ends then");
    }
    inside([bar.open, bar.high, bar.low, bar.close], |column| value(column + 2))?;
    let tushare = layout.kind == FileKind::StkMins;
    if tushare {
        bar.vol = bar.vol.map(|shares| shares / 100.0);
        bar.amount = bar.amount.map(|cny| cny / 1000.0);
    }
    if let (Some(vol), Some(amount)) = (bar.vol, bar.amount)
        && vol > 0.0
        && amount > 0.0
    {
        let average = amount * 10.0 / vol;
        if average < bar.low / AVERAGE_SLACK || average > bar.high * AVERAGE_SLACK {
            return refuse(
                "amount",
                value(7),
                if tushare {
                    "amount by vol is no price of the bar; `stk_mins` has shares and CNY, name lots and thousand CNY \
                     with --kind minute_bars"
                } else {
                    "amount by vol is no price of the bar; `minute_bars` has lots and thousand CNY, name shares and CNY \
                     with --kind stk_mins"
                },
            );
        }
    }
    Ok(bar)
}

pub(super) fn candle(layout: &Layout, record: &Record<'_>) -> Field<Candle> {
    let value = |column| layout.field(record, column);
    let Some(interval) = field::text("interval", value(1))?.and_then(|name| name.parse().ok()) else {
        return refuse("interval", value(1), "not an interval of 1m to 1w, such as 1h or 1d");
    };
    let candle = Candle {
        symbol: field::symbol("symbol", value(0))?,
        interval,
        time: time::utc("ts", value(2))?,
        open: field::present("open", field::price("open", value(3))?)?,
        high: field::present("high", field::price("high", value(4))?)?,
        low: field::present("low", field::price("low", value(5))?)?,
        close: field::present("close", field::price("close", value(6))?)?,
        volume: field::quantity("volume", value(7))?,
        quote_volume: field::quantity("quote_volume", value(8))?,
    };
    inside([candle.open, candle.high, candle.low, candle.close], |column| value(column + 3))?;
    Ok(candle)
}

/// Refuses open, high, low and close that cannot be prices of one bar; `value` gives their fields.
fn inside<'a>([open, high, low, close]: [f64; 4], value: impl Fn(usize) -> &'a [u8]) -> Field<()> {
    if high < low {
        return refuse("high", value(1), "the highest price is below the lowest");
    }
    for (name, column, price) in [("open", 0, open), ("close", 3, close)] {
        if price < low || price > high {
            return refuse(name, value(column), "lies outside of the bar's lowest and highest price");
        }
    }
    Ok(())
}

pub(super) fn market(layout: &Layout, record: &Record<'_>) -> Field<CryptoMarket> {
    let value = |column| layout.field(record, column);
    Ok(CryptoMarket {
        id: field::present("id", field::text("id", value(0))?)?,
        symbol: field::symbol("symbol", value(1))?,
        name: field::text("name", value(2))?,
        price: field::quantity("current_price", value(3))?,
        market_cap: field::quantity("market_cap", value(4))?,
        volume_24h: field::quantity("total_volume", value(5))?,
        change_24h: field::number("price_change_percentage_24h", value(6))?,
        last_updated: time::utc("last_updated", value(7))?,
    })
}
