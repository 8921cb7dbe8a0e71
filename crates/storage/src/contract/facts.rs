//! Promises about facts that stand beside the bars.

use jiff::Timestamp;
use stockpile_market::{
    AdjFactor, CalendarDay, DailyBasic, Exchange, ListStatus, PriceLimit, Security, SecurityKind,
    SuspendType, Suspension,
};

use super::{code, date, numbered, start};
use crate::{RowCounts, Store};

fn security(ts_code: &str, name: &str) -> Security {
    Security {
        ts_code: code(ts_code),
        kind: SecurityKind::Stock,
        name: Some(name.into()),
        area: Some("深圳".into()),
        industry: None,
        cnspell: Some("PAYH".into()),
        list_date: Some(date("19910403")),
        delist_date: None,
        list_status: Some(ListStatus::Listed),
    }
}

pub async fn securities_are_replaced_by_code(store: &Store) {
    for name in ["old name", "平安银行"] {
        let mut run = start(store).await;
        run.write_securities(numbered([security("600519.SH", "茅台"), security("000001.SZ", name)]))
            .await
            .unwrap();
        run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    }
    let all = store.securities.all().await.unwrap();
    assert_eq!(all, [security("000001.SZ", "平安银行"), security("600519.SH", "茅台")]);
}

pub async fn calendar_days_are_read_by_exchange(store: &Store) {
    let day = |exchange, cal_date: &str, is_open, before: Option<&str>| CalendarDay {
        exchange,
        cal_date: date(cal_date),
        is_open,
        pretrade_date: before.map(date),
    };
    let days = [
        day(Exchange::Sse, "20250103", true, Some("20250102")),
        day(Exchange::Sse, "20250102", true, None),
        day(Exchange::Szse, "20250104", false, Some("20250103")),
    ];
    let mut run = start(store).await;
    run.write_calendar(numbered(days)).await.unwrap();
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(store.calendar.days(Exchange::Sse).await.unwrap(), [days[1], days[0]]);
    assert_eq!(store.calendar.days(Exchange::Szse).await.unwrap(), days[2..]);
    assert_eq!(store.calendar.days(Exchange::Bse).await.unwrap(), []);
}

fn factor(ts_code: &str, day: &str, adj_factor: f64) -> AdjFactor {
    AdjFactor { ts_code: code(ts_code), trade_date: date(day), adj_factor }
}

fn limit(ts_code: &str, day: &str, pre_close: Option<f64>) -> PriceLimit {
    PriceLimit { ts_code: code(ts_code), trade_date: date(day), pre_close, up_limit: 11.0, down_limit: 9.0 }
}

pub async fn factors_are_read_oldest_first(store: &Store) {
    let factors = [
        factor("000001.SZ", "20250103", 116.713),
        factor("000001.SZ", "20250102", 108.5),
        factor("000002.SZ", "20250102", 1.0),
    ];
    let mut run = start(store).await;
    run.write_factors(numbered(factors)).await.unwrap();
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    let read = store.adj_factors.of(code("000001.SZ")).await.unwrap();
    assert_eq!(read, [factors[1], factors[0]]);
    assert_eq!(store.adj_factors.of(code("600519.SH")).await.unwrap(), []);
}

pub async fn days_with_factors_are_counted_oldest_first(store: &Store) {
    assert_eq!(store.adj_factors.day_counts().await.unwrap(), []);
    let factors = [
        factor("000001.SZ", "20250103", 2.0),
        factor("000001.SZ", "20250102", 2.0),
        factor("510300.SH", "20250102", 1.0),
    ];
    // Replaced rows count once.
    for written in [&factors[..], &factors[1..]] {
        let mut run = start(store).await;
        run.write_factors(numbered(written.to_vec())).await.unwrap();
        run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    }
    let counts = [(date("20250102"), 2), (date("20250103"), 1)];
    assert_eq!(store.adj_factors.day_counts().await.unwrap(), counts);
}

pub async fn price_limits_are_read_by_day(store: &Store) {
    let limits = [
        limit("600519.SH", "20250205", Some(10.0)),
        limit("000001.SZ", "20250205", None),
        limit("000001.SZ", "20250206", Some(10.0)),
    ];
    let mut run = start(store).await;
    run.write_price_limits(numbered(limits)).await.unwrap();
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    let read = store.price_limits.on(date("20250205")).await.unwrap();
    assert_eq!(read, [limits[1], limits[0]]);
    assert_eq!(store.price_limits.on(date("20250207")).await.unwrap(), []);
}

pub async fn days_with_price_limits_are_counted_oldest_first(store: &Store) {
    assert_eq!(store.price_limits.day_counts().await.unwrap(), []);
    let limits = [
        limit("600519.SH", "20250206", Some(10.0)),
        limit("600519.SH", "20250205", None),
        limit("000001.SZ", "20250205", Some(10.0)),
    ];
    // Replaced rows count once.
    for written in [&limits[..], &limits[1..]] {
        let mut run = start(store).await;
        run.write_price_limits(numbered(written.to_vec())).await.unwrap();
        run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    }
    let counts = [(date("20250205"), 2), (date("20250206"), 1)];
    assert_eq!(store.price_limits.day_counts().await.unwrap(), counts);
}

pub async fn valuations_are_read_by_day_and_the_newest_by_code(store: &Store) {
    let basic = |ts_code: &str, day: &str| DailyBasic {
        close: Some(11.37),
        turnover_rate: Some(0.4346),
        pe: None,
        pb: Some(0.5),
        dv_ttm: Some(6.3),
        total_share: Some(1_940_591.82),
        total_mv: Some(22_064_529.0),
        circ_mv: Some(22_064_176.5),
        ..DailyBasic::empty(code(ts_code), date(day))
    };
    let basics =
        [basic("000001.SZ", "20250206"), basic("600519.SH", "20250205"), basic("000001.SZ", "20250205")];
    let mut run = start(store).await;
    assert!(run.write_basics(numbered(basics.clone())).await.unwrap().is_empty());
    assert_eq!(run.write_basics(numbered(basics[..1].to_vec())).await.unwrap().len(), 1);
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    let [newest, other, older] = basics;
    assert_eq!(store.basics.latest(code("000001.SZ")).await.unwrap(), Some(newest));
    assert_eq!(store.basics.latest(code("000002.SZ")).await.unwrap(), None);
    let some = ["600519.SH", "000002.SZ", "000001.SZ"].map(code);
    assert_eq!(store.basics.of(&some, date("20250205")).await.unwrap(), [other.clone(), older.clone()]);
    assert_eq!(store.basics.on(date("20250205")).await.unwrap(), [older, other]);
    assert_eq!(store.basics.on(date("20250207")).await.unwrap(), []);
    let counts = [(date("20250205"), 2), (date("20250206"), 1)];
    assert_eq!(store.basics.day_counts().await.unwrap(), counts);
}

pub async fn suspensions_are_read_by_day(store: &Store) {
    let row = |ts_code: &str, day: &str, suspend_type, timing: Option<&str>| Suspension {
        ts_code: code(ts_code),
        trade_date: date(day),
        suspend_timing: timing.map(str::to_owned),
        suspend_type,
    };
    let rows = [
        row("600519.SH", "20250205", SuspendType::Suspended, Some("09:30-10:00")),
        row("600519.SH", "20250205", SuspendType::Resumed, None),
        row("000001.SZ", "20250205", SuspendType::Suspended, None),
        row("000001.SZ", "20250206", SuspendType::Suspended, None),
    ];
    let mut run = start(store).await;
    assert!(run.write_suspensions(numbered(rows.clone())).await.unwrap().is_empty());
    assert_eq!(run.write_suspensions(numbered(rows[..1].to_vec())).await.unwrap().len(), 1);
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    let [timed, resumed, whole, _] = rows;
    assert_eq!(store.suspensions.on(date("20250205")).await.unwrap(), [whole, resumed, timed]);
    assert_eq!(store.suspensions.on(date("20250207")).await.unwrap(), []);
}
