//! Promises about facts that stand beside the bars.

use jiff::Timestamp;
use stockpile_market::{AdjFactor, CalendarDay, Exchange, ListStatus, PriceLimit, Security, SecurityKind};

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

pub async fn factors_are_read_oldest_first(store: &Store) {
    let factor = |ts_code: &str, day: &str, adj_factor| AdjFactor {
        ts_code: code(ts_code),
        trade_date: date(day),
        adj_factor,
    };
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

pub async fn price_limits_are_read_by_day(store: &Store) {
    let limit = |ts_code: &str, day: &str, pre_close| PriceLimit {
        ts_code: code(ts_code),
        trade_date: date(day),
        pre_close,
        up_limit: 11.0,
        down_limit: 9.0,
    };
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
