//! Promises about numbers, dates and times: what is written is what is read.

use jiff::{SignedDuration, Timestamp};
use stockpile_market::{
    AdjFactor, BarFreq, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, Exchange, ListStatus,
    MinuteBar, PriceLimit, Security, SecurityKind, TradeDate,
};

use super::{bar, code, date, ingest, numbered, start};
use crate::{BarRange, RowCounts, Store};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Numbers that a detour over text, decimals or a comparison with zero would change.
const NUMBERS: [f64; 16] = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    1e308,
    f64::MAX,
    f64::MIN,
    f64::EPSILON,
    0.1,
    1.0 / 3.0,
    9_007_199_254_740_993.0,
    123_456_789.123_456_78,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// The numbers for a store, row by row; equal ones of other bits are apart.
fn numbers(store: &Store) -> impl Fn(usize) -> f64 {
    let has_one_zero = !store.promises.zero_keeps_its_sign;
    move |row| {
        let number = NUMBERS[row % NUMBERS.len()];
        if has_one_zero && number == 0.0 { 0.0 } else { number }
    }
}

fn bits(numbers: impl IntoIterator<Item = Option<f64>>) -> Vec<Option<u64>> {
    numbers.into_iter().map(|number| number.map(f64::to_bits)).collect()
}

fn day(row: usize) -> TradeDate {
    let first = date("20250101").civil();
    first.checked_add(SignedDuration::from_hours(24 * i64::try_from(row).unwrap())).unwrap().into()
}

fn bar_numbers(bar: &DailyBar) -> Vec<Option<u64>> {
    bits([
        bar.open,
        bar.high,
        bar.low,
        Some(bar.close),
        bar.pre_close,
        bar.change,
        bar.pct_chg,
        bar.vol,
        bar.amount,
    ])
}

fn basic_numbers(basic: &DailyBasic) -> Vec<Option<u64>> {
    bits([
        basic.close,
        basic.turnover_rate,
        basic.turnover_rate_f,
        basic.volume_ratio,
        basic.pe,
        basic.pe_ttm,
        basic.pb,
        basic.ps,
        basic.ps_ttm,
        basic.dv_ratio,
        basic.dv_ttm,
        basic.total_share,
        basic.float_share,
        basic.free_share,
        basic.total_mv,
        basic.circ_mv,
    ])
}

pub async fn numbers_of_bars_are_read_back_bit_for_bit(store: &Store) {
    let number = numbers(store);
    let written: Vec<DailyBar> = (0..NUMBERS.len())
        .map(|row| DailyBar {
            ts_code: code("000001.SH"),
            trade_date: day(row),
            open: Some(number(row)),
            high: Some(number(row + 1)),
            low: Some(number(row + 2)),
            close: number(row + 3),
            pre_close: Some(number(row + 4)),
            change: Some(number(row + 5)),
            pct_chg: Some(number(row + 6)),
            vol: Some(number(row + 7)),
            amount: Some(number(row + 8)),
        })
        .collect();
    ingest(store, SecurityKind::Index, written.clone()).await;
    let range = BarRange::Last(100);
    let read = store.bars.of(SecurityKind::Index, code("000001.SH"), range, 100).await.unwrap();
    assert_eq!(read.len(), written.len());
    for (read, written) in read.iter().zip(&written) {
        assert_eq!(bar_numbers(&read.bar), bar_numbers(written), "{written:?}");
    }
    let first = &store.bars.closes(SecurityKind::Index, day(0)).await.unwrap()[0];
    assert_eq!(
        bits([Some(first.close), first.pre_close, first.vol, first.amount]),
        bits([Some(number(3)), Some(number(4)), Some(number(7)), Some(number(8))])
    );
}

pub async fn numbers_beside_bars_are_read_back_bit_for_bit(store: &Store) {
    let number = numbers(store);
    let code = code("000001.SZ");
    let mut run = start(store).await;
    let factors = (0..NUMBERS.len()).map(|row| AdjFactor {
        ts_code: code,
        trade_date: day(row),
        adj_factor: number(row),
    });
    run.write_factors(numbered(factors)).await.unwrap();
    let limits = (0..NUMBERS.len()).map(|row| PriceLimit {
        ts_code: code,
        trade_date: day(row),
        pre_close: Some(number(row)),
        up_limit: number(row + 1),
        down_limit: number(row + 2),
    });
    run.write_price_limits(numbered(limits)).await.unwrap();
    let basics: Vec<DailyBasic> = (0..NUMBERS.len())
        .map(|row| DailyBasic {
            ts_code: code,
            trade_date: day(row),
            close: Some(number(row)),
            turnover_rate: Some(number(row + 1)),
            turnover_rate_f: Some(number(row + 2)),
            volume_ratio: Some(number(row + 3)),
            pe: Some(number(row + 4)),
            pe_ttm: Some(number(row + 5)),
            pb: Some(number(row + 6)),
            ps: Some(number(row + 7)),
            ps_ttm: Some(number(row + 8)),
            dv_ratio: Some(number(row + 9)),
            dv_ttm: Some(number(row + 10)),
            total_share: Some(number(row + 11)),
            float_share: Some(number(row + 12)),
            free_share: Some(number(row + 13)),
            total_mv: Some(number(row + 14)),
            circ_mv: Some(number(row + 15)),
        })
        .collect();
    run.write_basics(numbered(basics.clone())).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();

    let factors = store.adj_factors.of(code).await.unwrap();
    let read = bits(factors.iter().map(|factor| Some(factor.adj_factor)));
    assert_eq!(read, bits((0..NUMBERS.len()).map(|row| Some(number(row)))));
    for (row, basic) in basics.iter().enumerate() {
        let limit = store.price_limits.on(day(row)).await.unwrap()[0];
        assert_eq!(
            bits([limit.pre_close, Some(limit.up_limit), Some(limit.down_limit)]),
            bits([number(row), number(row + 1), number(row + 2)].map(Some))
        );
        let read = &store.basics.on(day(row)).await.unwrap()[0];
        assert_eq!(basic_numbers(read), basic_numbers(basic));
    }
}

pub async fn numbers_of_series_are_read_back_bit_for_bit(store: &Store) {
    let number = numbers(store);
    let minute = |row: usize| NOW + SignedDuration::from_mins(i64::try_from(row).unwrap());
    let rows = 0..NUMBERS.len();
    let mut run = start(store).await;
    let bars = rows.clone().map(|row| MinuteBar {
        ts_code: code("000001.SZ"),
        freq: BarFreq::Min1,
        time: minute(row),
        open: number(row),
        high: number(row + 1),
        low: number(row + 2),
        close: number(row + 3),
        vol: Some(number(row + 4)),
        amount: Some(number(row + 5)),
    });
    run.write_minute_bars(numbered(bars)).await.unwrap();
    let candles = rows.clone().map(|row| Candle {
        symbol: "BTCUSDT".into(),
        interval: "1m".parse().unwrap(),
        time: minute(row),
        open: number(row),
        high: number(row + 1),
        low: number(row + 2),
        close: number(row + 3),
        volume: Some(number(row + 4)),
        quote_volume: Some(number(row + 5)),
    });
    run.write_candles(numbered(candles)).await.unwrap();
    let coins = rows.clone().map(|row| CryptoMarket {
        id: format!("coin-{row:02}"),
        symbol: "SAME".into(),
        name: None,
        price: Some(number(row)),
        market_cap: Some(1.0),
        volume_24h: Some(number(row + 1)),
        change_24h: Some(number(row + 2)),
        last_updated: NOW,
    });
    run.write_crypto_markets(numbered(coins)).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();

    let end = minute(NUMBERS.len());
    let bars = store.minute_bars.before(code("000001.SZ"), BarFreq::Min1, end, 100).await.unwrap();
    let candles = store.candles.before("BTCUSDT", "1m".parse().unwrap(), end, 100).await.unwrap();
    let coins = store.crypto_markets.latest_of(&["SAME".into()]).await.unwrap();
    for row in rows {
        let expected = bits([0, 1, 2, 3, 4, 5].map(|column| Some(number(row + column))));
        let bar = &bars[row];
        let read = [Some(bar.open), Some(bar.high), Some(bar.low), Some(bar.close), bar.vol, bar.amount];
        assert_eq!(bits(read), expected, "{bar:?}");
        let candle = &candles[row];
        let prices = [candle.open, candle.high, candle.low, candle.close].map(Some);
        let read = prices.into_iter().chain([candle.volume, candle.quote_volume]);
        assert_eq!(bits(read), expected, "{candle:?}");
        let coin = &coins[row];
        assert_eq!(bits([coin.price, coin.volume_24h, coin.change_24h]), expected[..3], "{coin:?}");
    }
}

pub async fn a_number_that_is_none_counts_as_lacking(store: &Store) {
    let (code, day, nan) = (code("000001.SH"), date("20250205"), Some(f64::NAN));
    let spoilt = DailyBar { open: nan, vol: nan, ..bar("000001.SH", "20250205", 10.0) };
    let expected = DailyBar { open: None, vol: None, ..spoilt.clone() };
    ingest(store, SecurityKind::Index, [spoilt]).await;
    assert_eq!(store.bars.on(SecurityKind::Index, day).await.unwrap(), [expected]);

    let mut run = start(store).await;
    let basic = DailyBasic { pe: nan, ..DailyBasic::empty(code, day) };
    run.write_basics(numbered([basic])).await.unwrap();
    let limit = PriceLimit { ts_code: code, trade_date: day, pre_close: nan, up_limit: 2.0, down_limit: 1.0 };
    run.write_price_limits(numbered([limit])).await.unwrap();
    let coin = CryptoMarket {
        id: "bitcoin".into(),
        symbol: "BTC".into(),
        name: None,
        price: nan,
        market_cap: nan,
        volume_24h: None,
        change_24h: None,
        last_updated: NOW,
    };
    run.write_crypto_markets(numbered([coin.clone()])).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(store.basics.on(day).await.unwrap(), [DailyBasic::empty(code, day)]);
    assert_eq!(store.price_limits.on(day).await.unwrap(), [PriceLimit { pre_close: None, ..limit }]);
    let lacking = CryptoMarket { price: None, market_cap: None, ..coin };
    assert_eq!(store.crypto_markets.latest().await.unwrap(), [lacking]);
}

pub async fn dates_are_read_back_over_the_whole_range(store: &Store) {
    let (first, last) = match store.promises.any_year_is_kept {
        true => (TradeDate::MIN, TradeDate::MAX),
        false => (date("19000101"), date("22991231")),
    };
    let days = [first, date("19691231"), date("19700101"), date("20990131"), last];
    let ts_code = code("000001.SZ");
    ingest(
        store,
        SecurityKind::Stock,
        days.map(|trade_date| DailyBar { trade_date, ..bar("000001.SZ", "20250205", 1.0) }),
    )
    .await;
    let mut run = start(store).await;
    let factors = days.map(|trade_date| AdjFactor { ts_code, trade_date, adj_factor: 1.0 });
    run.write_factors(numbered(factors)).await.unwrap();
    let calendar = days.map(|cal_date| CalendarDay {
        exchange: Exchange::Sse,
        cal_date,
        is_open: true,
        pretrade_date: Some(first),
    });
    run.write_calendar(numbered(calendar)).await.unwrap();
    run.write_basics(numbered(days.map(|day| DailyBasic::empty(ts_code, day)))).await.unwrap();
    let limits = days.map(|trade_date| PriceLimit {
        ts_code,
        trade_date,
        pre_close: None,
        up_limit: 2.0,
        down_limit: 1.0,
    });
    run.write_price_limits(numbered(limits)).await.unwrap();
    let security = Security {
        list_date: Some(first),
        delist_date: Some(last),
        list_status: Some(ListStatus::Delisted),
        ..Security::unknown(ts_code, SecurityKind::Stock)
    };
    run.write_securities(numbered([security.clone()])).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();

    let range = BarRange::Between(TradeDate::MIN, TradeDate::MAX);
    let bars = store.bars.of(SecurityKind::Stock, ts_code, range, 100).await.unwrap();
    assert_eq!(bars.iter().map(|stored| stored.bar.trade_date).collect::<Vec<_>>(), days);
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.trade_date).collect::<Vec<_>>(), days);
    assert_eq!(store.adj_factors.of(ts_code).await.unwrap(), factors);
    assert_eq!(store.calendar.days(Exchange::Sse).await.unwrap(), calendar);
    let one_each = days.map(|day| (day, 1));
    assert_eq!(store.adj_factors.day_counts().await.unwrap(), one_each);
    assert_eq!(store.basics.day_counts().await.unwrap(), one_each);
    assert_eq!(store.price_limits.day_counts().await.unwrap(), one_each);
    assert_eq!(store.basics.latest(ts_code).await.unwrap().unwrap().trade_date, last);
    for limit in limits {
        assert_eq!(store.price_limits.on(limit.trade_date).await.unwrap(), [limit]);
    }
    assert_eq!(store.securities.all().await.unwrap(), [security]);

    // Never another day in its place.
    if !store.promises.any_year_is_kept {
        for trade_date in [TradeDate::MIN, TradeDate::MAX] {
            let bars = numbered([DailyBar { trade_date, ..bar("000002.SZ", "20250205", 1.0) }]);
            start(store).await.write_bars(SecurityKind::Stock, bars).await.unwrap_err();
        }
    }
}

pub async fn times_are_kept_by_the_millisecond(store: &Store) {
    let times: Vec<Timestamp> = [
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00.001Z",
        "2025-02-05T07:00:00.123Z",
        "2262-01-01T00:00:00Z",
    ]
    .iter()
    .map(|time| time.parse().unwrap())
    .collect();
    let candle = |time| Candle {
        symbol: "BTCUSDT".into(),
        interval: "1m".parse().unwrap(),
        time,
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: None,
        quote_volume: None,
    };
    let bar = |time| MinuteBar {
        ts_code: code("000001.SZ"),
        freq: BarFreq::Min1,
        time,
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        vol: None,
        amount: None,
    };
    let mut run = start(store).await;
    assert_eq!(run.write_candles(numbered(times.iter().copied().map(candle))).await.unwrap(), []);
    // A part of a millisecond is left away, so this is a key met before.
    let finer = times[2] + SignedDuration::from_nanos(999_999);
    assert_eq!(run.write_candles(numbered([candle(finer)])).await.unwrap().len(), 1);
    assert_eq!(run.write_minute_bars(numbered(times.iter().copied().map(bar))).await.unwrap(), []);
    let later = times[2] + SignedDuration::from_millis(7);
    run.commit(RowCounts::default(), later).await.unwrap();

    let end = times[3] + SignedDuration::from_secs(1);
    let candles = store.candles.before("BTCUSDT", "1m".parse().unwrap(), end, 100).await.unwrap();
    assert_eq!(candles.iter().map(|candle| candle.time).collect::<Vec<_>>(), times);
    let bars = store.minute_bars.before(code("000001.SZ"), BarFreq::Min1, end, 100).await.unwrap();
    assert_eq!(bars.iter().map(|bar| bar.time).collect::<Vec<_>>(), times);
    let until = store.candles.before("BTCUSDT", "1m".parse().unwrap(), times[2], 100).await.unwrap();
    assert_eq!(until.len(), 2, "the time itself is not before it");
    assert_eq!(store.ingest.latest(1).await.unwrap()[0].ended_at, Some(later));
}
