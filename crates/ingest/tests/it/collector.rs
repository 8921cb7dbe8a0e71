//! What a server fetches by itself, over a server that speaks as Tushare does, in held time.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_ingest::{Alone, Collector, Rounds, Turn, Tushare, TushareIngest, TushareOptions};
use stockpile_market::SecurityKind;
use stockpile_storage::{RunState, Store, sqlite};
use tempfile::TempDir;

use crate::{
    clock::ManualClock,
    upstream::{
        Reply,
        tushare::{Market, Served, TOKEN, refusal, serve},
    },
};

struct Desk {
    _folder: TempDir,
    served: Served,
    clock: Arc<ManualClock>,
    store: Store,
    rounds: Rounds,
    collector: Mutex<Option<Collector>>,
}

impl Desk {
    async fn new(now: &str, market: Market, turn: Arc<dyn Turn>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = sqlite::open(&folder.path().join("stockpile.db")).await.unwrap();
        let (served, clock) = (serve(market), ManualClock::at(now));
        let options = TushareOptions::new(served.upstream.url(), TOKEN.into());
        let source = Tushare::new(options, clock.clone()).unwrap();
        let ingest = TushareIngest::new(source, store.clone(), folder.path().join("reports"));
        let collector = Collector::new(store.clone(), clock.clone(), turn, Some(ingest), None);
        let rounds = collector.rounds();
        Self { _folder: folder, served, clock, store, rounds, collector: Mutex::new(Some(collector)) }
    }

    /// Lets the collector work until a time.
    async fn until(&self, end: &str) {
        let collector = self.collector.lock().unwrap().take();
        if let Some(collector) = collector {
            tokio::select! {
                () = collector.clone().run() => panic!("it ended"),
                () = self.clock.run_until(end) => {}
            }
            *self.collector.lock().unwrap() = Some(collector);
        }
    }

    /// When the runs with this in their names began, oldest first.
    async fn runs(&self, name: &str) -> Vec<Timestamp> {
        let mut runs = self.store.ingest.latest(999).await.unwrap();
        runs.retain(|run| run.state == RunState::Done && run.source.contains(name));
        runs.iter().rev().map(|run| run.started_at).collect()
    }

    fn calls(&self) -> usize {
        self.served.asked.lock().unwrap().len()
    }
}

fn at(text: &str) -> Timestamp {
    format!("2025-02-{text}:00+08:00").parse().unwrap()
}

#[tokio::test]
async fn each_interface_is_fetched_after_its_own_time_and_factors_twice() {
    let desk = Desk::new("2025-02-07T08:00:00+08:00", Market::default(), Arc::new(Alone)).await;
    desk.until("2025-02-08T08:00:00+08:00").await;
    for (name, times) in [
        ("stk_limit 20250207", vec!["07T08:45"]),
        ("stock_basic 20250207", vec!["07T08:00", "07T09:00"]),
        ("adj_factor 20250207", vec!["07T09:25", "07T17:05"]),
        ("tushare daily 20250207", vec!["07T16:05"]),
        ("daily_basic 20250207", vec!["07T17:05"]),
        ("index_daily 20250207", vec!["07T19:05"]),
    ] {
        let runs = desk.runs(name).await;
        assert_eq!(runs.len(), times.len(), "{name}: {runs:?}");
        for (run, time) in runs.iter().zip(times) {
            let late = run.duration_since(at(time)).as_secs();
            assert!((0..60).contains(&late), "{name}: {late} s after {time}");
        }
    }
    assert_eq!(desk.store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 5, "and those before");
    assert_eq!(desk.rounds.tushare().error, None);
}

#[tokio::test]
async fn days_without_trading_ask_for_nothing() {
    let desk = Desk::new("2025-02-07T20:00:00+08:00", Market::default(), Arc::new(Alone)).await;
    desk.until("2025-02-08T02:00:00+08:00").await;
    let calls = desk.calls();
    assert!(calls > 0);
    desk.until("2025-02-09T23:00:00+08:00").await;
    assert_eq!(desk.calls(), calls, "Saturday and Sunday");
    let ended = desk.rounds.tushare().ended_at.unwrap();
    assert!(ended >= at("09T19:05"), "it has looked: {ended}");
}

#[tokio::test]
async fn a_source_that_is_down_is_asked_again_and_what_was_missed_is_caught_up_with() {
    let down = vec![("*", Reply::Reset); 5];
    let market = Market { quirks: down, ..Market::default() };
    let desk = Desk::new("2025-02-07T20:00:00+08:00", market, Arc::new(Alone)).await;
    desk.until("2025-02-07T20:05:00+08:00").await;
    assert_eq!((desk.rounds.tushare().error, desk.rounds.tushare().runs), (Some("unreachable"), 0));
    desk.until("2025-02-07T20:30:00+08:00").await;
    assert_eq!(desk.rounds.tushare().error, None);
    assert_eq!(desk.store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 5);
}

#[tokio::test]
async fn an_interface_that_may_not_be_had_is_asked_once_a_round_and_told() {
    let refused = refusal(2002, "抱歉，您没有访问该接口的权限");
    let market = Market { always: vec![("fund_daily", refused)], ..Market::default() };
    let desk = Desk::new("2025-02-07T20:00:00+08:00", market, Arc::new(Alone)).await;
    desk.until("2025-02-07T23:30:00+08:00").await;
    assert_eq!(desk.served.calls("fund_daily"), 1);
    assert_eq!(desk.rounds.tushare().error, Some("no_permission"));
    assert_eq!(desk.runs("index_daily").await.len(), 1, "the others are there");
}

/// Somebody else has the turn at first.
struct Later(AtomicU32);

#[async_trait]
impl Turn for Later {
    async fn take(&self, _: &'static str) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst) >= 3
    }

    async fn give_back(&self, _: &'static str) {}
}

#[tokio::test]
async fn while_another_collects_nothing_is_asked() {
    let turn = Arc::new(Later(AtomicU32::new(0)));
    let desk = Desk::new("2025-02-07T20:00:00+08:00", Market::default(), turn.clone()).await;
    desk.until("2025-02-07T20:02:30+08:00").await;
    assert_eq!((desk.calls(), turn.0.load(Ordering::SeqCst)), (0, 3));
    desk.until("2025-02-07T20:10:00+08:00").await;
    assert!(!desk.runs("tushare daily").await.is_empty());
}
