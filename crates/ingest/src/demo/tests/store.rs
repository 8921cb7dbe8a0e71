//! A demo market in an embedded store.

use jiff::Timestamp;
use stockpile_storage::{BarRange, RunState, Store, sqlite};
use tempfile::TempDir;

use super::*;

async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite::open(&folder.path().join("demo.db")).await.unwrap();
    (folder, store)
}

fn market(today: &str) -> DemoMarket {
    DemoMarket::new(date(today)).sized(TINY)
}

#[tokio::test]
async fn a_market_is_written_as_one_run_of_kind_demo() {
    let (_folder, store) = store().await;
    let written = market("20220301").write(&store, Timestamp::UNIX_EPOCH).await.unwrap();
    let runs = store.ingest.latest(10).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].id, runs[0].state, runs[0].kind.as_str()), (written.run, RunState::Done, "demo"));
    assert_eq!((runs[0].rows.written, runs[0].rows.rejected), (written.rows, 0));
    assert_eq!(written.revision, 1);

    let days: Vec<DemoDay> = market("20220301").days().collect();
    let last = days.last().unwrap();
    let mut stocks = last.stocks.clone();
    stocks.sort_by_key(|bar| bar.ts_code);
    assert_eq!(store.bars.on(SecurityKind::Stock, last.date).await.unwrap(), stocks);
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(counts.len(), days.len());
    assert!(counts.iter().all(|day| day.adjusted == 0));
    assert_eq!(written.bars.stock, counts.iter().map(|day| u64::from(day.rows)).sum::<u64>());
    assert_eq!(store.securities.all().await.unwrap().len(), market("20220301").securities().len());
}

#[tokio::test]
async fn writing_on_a_later_day_adds_days_and_changes_none() {
    let (_folder, store) = store().await;
    let code: TsCode = "600519.SH".parse().unwrap();
    let read = || store.bars.of(SecurityKind::Stock, code, BarRange::Last(1000), 1000);
    market("20220110").write(&store, Timestamp::UNIX_EPOCH).await.unwrap();
    let early = read().await.unwrap();
    market("20220301").write(&store, Timestamp::UNIX_EPOCH).await.unwrap();
    let late = read().await.unwrap();
    assert!(late.len() > early.len());
    assert_eq!(late[..early.len()], early[..]);
}

#[tokio::test]
async fn bars_start_three_years_ago_and_every_one_of_them_has_a_factor() {
    let (_folder, store) = store().await;
    let market = DemoMarket::new(date("20251231")).sized(DemoSize { stocks: 2, etfs: 1 });
    market.write(&store, Timestamp::UNIX_EPOCH).await.unwrap();
    let days = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(days[0].trade_date, date("20230103"));
    let first = store.bars.on(SecurityKind::Stock, days[0].trade_date).await.unwrap();
    for bar in first {
        let factors = store.adj_factors.of(bar.ts_code).await.unwrap();
        assert!(factors[0].trade_date < bar.trade_date, "{bar:?}");
    }
}
