//! What a demo market promises, checked from outside on a small one.

mod coins;
mod facts;
mod prices;
mod store;

use std::{collections::BTreeMap, sync::LazyLock};

use stockpile_market::{Board, DailyBar, Security, SecurityKind, TradeDate, TradingCalendar, TsCode};

use super::*;

const SMALL: DemoSize = DemoSize { stocks: 75, etfs: 12 };
const TINY: DemoSize = DemoSize { stocks: 12, etfs: 3 };

static MARKET: LazyLock<DemoMarket> = LazyLock::new(|| DemoMarket::new(date("20261120")).sized(SMALL));
static DAYS: LazyLock<Vec<DemoDay>> = LazyLock::new(|| MARKET.days().collect());
static SECURITIES: LazyLock<BTreeMap<TsCode, Security>> =
    LazyLock::new(|| MARKET.securities().into_iter().map(|security| (security.ts_code, security)).collect());
static CALENDAR: LazyLock<TradingCalendar> =
    LazyLock::new(|| TradingCalendar::from_open_days(holidays::open_days(FIRST_DAY, MARKET.today.civil())));

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

/// Every bar of a kind with its day, oldest first.
fn bars(kind: SecurityKind) -> impl Iterator<Item = &'static DailyBar> {
    DAYS.iter().flat_map(move |day| match kind {
        SecurityKind::Stock => &day.stocks,
        SecurityKind::Etf => &day.etfs,
        SecurityKind::Index => &day.indices,
    })
}

/// The bars of each security of a kind, oldest first.
fn series(kind: SecurityKind) -> BTreeMap<TsCode, Vec<DailyBar>> {
    let mut series: BTreeMap<TsCode, Vec<DailyBar>> = BTreeMap::new();
    for bar in bars(kind) {
        series.entry(bar.ts_code).or_default().push(bar.clone());
    }
    series
}

/// The factors of each security, oldest first.
fn factors() -> BTreeMap<TsCode, Vec<(TradeDate, f64)>> {
    let mut factors: BTreeMap<TsCode, Vec<(TradeDate, f64)>> = BTreeMap::new();
    for factor in DAYS.iter().flat_map(|day| &day.factors) {
        factors.entry(factor.ts_code).or_default().push((factor.trade_date, factor.adj_factor));
    }
    factors
}

fn board(code: TsCode) -> Board {
    Board::of(code).unwrap()
}
