//! Securities, days and what is the same in every market.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use stockpile_market::{Breadth, LimitRules, ListStatus, ListingAge, StockDay};

use super::*;

#[test]
fn the_same_seed_and_day_give_the_same_market_and_another_seed_another() {
    let market = |seed| DemoMarket::with_seed(seed, date("20220301")).sized(TINY);
    let days = |seed| market(seed).days().collect::<Vec<_>>();
    assert_eq!(days(1), days(1));
    assert_eq!(market(1).securities(), market(1).securities());
    assert!(days(1).last().unwrap().stocks != days(2).last().unwrap().stocks);
}

/// A store that has an older market would mix two pasts: change these numbers only with a reason.
#[test]
fn a_day_of_the_market_that_everybody_sees_never_changes() {
    let day = DemoMarket::new(date("20211231")).days().last().unwrap();
    let bar = |bars: &[DailyBar], code: &str| {
        bars.iter().find(|bar| bar.ts_code.text().as_str() == code).unwrap().close
    };
    let closes = [
        bar(&day.stocks, "600519.SH"),
        bar(&day.stocks, "430047.BJ"),
        bar(&day.etfs, "510300.SH"),
        bar(&day.indices, "000300.SH"),
    ];
    assert_eq!(closes, [12.22, 6.39, 1.541, 4048.4989]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_later_day_only_appends(seed in any::<u64>(), short in 0_i32..60, more in 0_i32..60) {
        let market = |days: i32| {
            let today = FIRST_DAY.saturating_add(days.days());
            DemoMarket::with_seed(seed, today.into()).sized(TINY)
        };
        let (early, late) = (market(short), market(short + more));
        let (early_days, late_days): (Vec<_>, Vec<_>) = (early.days().collect(), late.days().collect());
        prop_assert_eq!(&early_days[..], &late_days[..early_days.len()]);
        let late_securities = late.securities();
        prop_assert!(early.securities().iter().all(|security| late_securities.contains(security)));
        let late_calendar = late.calendar();
        prop_assert!(early.calendar().iter().all(|day| late_calendar.contains(day)));
    }
}

#[test]
fn years_of_history_are_the_same_seen_from_a_later_year() {
    let early: Vec<_> = DemoMarket::new(date("20241008")).sized(SMALL).days().collect();
    assert!(early[..] == DAYS[..early.len()]);
}

#[test]
fn a_market_has_every_board_the_eight_indices_and_no_code_or_name_twice() {
    let market = DemoMarket::new(LAST_DAY.into()).sized(DemoSize { stocks: 500, etfs: 200 });
    let securities = market.securities();
    let codes: BTreeSet<TsCode> = securities.iter().map(|security| security.ts_code).collect();
    let names: BTreeSet<&String> = securities.iter().filter_map(|security| security.name.as_ref()).collect();
    assert_eq!((codes.len(), names.len()), (securities.len(), securities.len()));
    assert!(names.iter().all(|name| name.contains("演示")));
    for security in &securities {
        assert_eq!(SecurityKind::of(security.ts_code), Some(security.kind), "{security:?}");
        assert!(security.cnspell.as_ref().unwrap().bytes().all(|letter| letter.is_ascii_alphanumeric()));
    }
    for board in [Board::Main, Board::Chinext, Board::Star, Board::Bse] {
        assert!(securities.iter().filter(|security| security.board() == Some(board)).count() > 20);
    }
    let indices = securities.iter().filter(|security| security.kind == SecurityKind::Index);
    assert_eq!(indices.count(), 8);
}

#[test]
fn the_market_that_everybody_sees_has_about_300_stocks_and_40_etfs() {
    let securities = DemoMarket::new(date("20261120")).securities();
    let of = |kind| securities.iter().filter(|security| security.kind == kind).count();
    assert!((290..=320).contains(&of(SecurityKind::Stock)), "{}", of(SecurityKind::Stock));
    assert_eq!(of(SecurityKind::Etf), 40);
}

#[test]
fn codes_that_examples_use_have_bars_on_the_last_day() {
    let last = DAYS.last().unwrap();
    for code in ["600519.SH", "000001.SZ", "300750.SZ", "688981.SH", "510300.SH", "159919.SZ", "000001.SH"] {
        let all = last.stocks.iter().chain(&last.etfs).chain(&last.indices);
        assert_eq!(all.filter(|bar| bar.ts_code.text().as_str() == code).count(), 1, "{code}");
    }
}

#[test]
fn the_calendar_knows_every_day_to_the_end_of_the_year_and_agrees_with_the_bars() {
    let rows = MARKET.calendar();
    let calendar = TradingCalendar::from_rows(
        rows.iter().map(|row| (row.cal_date, row.is_open)).collect::<BTreeSet<_>>(),
    )
    .unwrap();
    assert_eq!(calendar.known_range(), Some((date("20230101"), date("20261231"))));
    for day in DAYS.iter().filter(|day| day.date >= MARKET.first_day()) {
        assert_eq!(calendar.is_open(day.date), Some(true));
    }
    let shown = DAYS.iter().filter(|day| day.date >= MARKET.first_day()).count();
    assert_eq!(calendar.open_days(MARKET.first_day(), MARKET.today).len(), shown);
}

#[test]
fn no_stock_has_a_bar_before_its_listing_or_after_its_delisting() {
    for bar in bars(SecurityKind::Stock) {
        let security = &SECURITIES[&bar.ts_code];
        assert!(security.list_date.unwrap() <= bar.trade_date, "{bar:?}");
        assert!(security.delist_date.is_none_or(|gone| bar.trade_date < gone), "{bar:?}");
    }
}

#[test]
fn the_years_shown_have_new_listings_delistings_and_suspensions() {
    let since = MARKET.first_day();
    let new = SECURITIES.values().filter(|security| security.list_date.unwrap() > since);
    assert!(new.filter(|security| security.kind == SecurityKind::Stock).count() >= 5);
    let gone = SECURITIES.values().filter(|security| security.delist_date.is_some_and(|day| day > since));
    assert!(gone.clone().count() >= 3);
    assert!(gone.clone().all(|security| security.list_status == Some(ListStatus::Delisted)));

    let mut last: BTreeMap<TsCode, TradeDate> = BTreeMap::new();
    let resumed = bars(SecurityKind::Stock)
        .filter(|bar| {
            let before = last.insert(bar.ts_code, bar.trade_date);
            before.is_some_and(|day| CALENDAR.next_open(day) != Some(bar.trade_date))
        })
        .count();
    assert!(resumed >= 10, "{resumed}");
}

#[test]
fn the_breadth_of_any_day_is_plausible() {
    let rules = LimitRules::exchange();
    let (mut up_days, mut limit_ups) = (0, 0);
    for day in DAYS.iter() {
        let stocks = day.stocks.iter().map(|bar| StockDay {
            ts_code: bar.ts_code,
            close: bar.close,
            pre_close: bar.pre_close,
            amount: bar.amount,
            vol: bar.vol,
            adjusted: bar.is_adjusted(SecurityKind::Stock),
            published: None,
            age: ListingAge::on(day.date, SECURITIES[&bar.ts_code].list_date, &CALENDAR),
            st: None,
        });
        let breadth = Breadth::of_day(day.date, stocks, &rules).unwrap();
        assert_eq!(breadth.up + breadth.down + breadth.flat, breadth.rows);
        assert_eq!(breadth.adjusted_rows, 0);
        assert!(breadth.rows >= 70 && breadth.limit_up.unwrap() < breadth.rows / 3, "{breadth:?}");
        assert!(breadth.total_amount.unwrap() > 30.0, "{breadth:?}");
        up_days += usize::from(breadth.up > breadth.down);
        limit_ups += breadth.limit_up.unwrap();
    }
    assert!((40..=60).contains(&(up_days * 100 / DAYS.len())), "{up_days} of {}", DAYS.len());
    assert!(limit_ups as usize > DAYS.len() / 5, "{limit_ups}");
}

#[test]
fn a_day_before_the_first_gives_a_market_without_days() {
    let market = DemoMarket::new(date("20200102"));
    assert_eq!(market.days().count(), 0);
    assert!(market.coins().at(Timestamp::UNIX_EPOCH).is_empty() && market.replay().codes().next().is_none());
}

#[test]
fn the_years_shown_are_three() {
    assert_eq!(MARKET.first_day(), date("20231120"));
    assert_eq!(DemoMarket::new(date("20220301")).first_day(), FIRST_DAY.into());
}
