//! Quotes as a server fetches them, over a server that speaks as Tushare does, in held time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use stockpile_ingest::{
    Alone, Collector, LiveQuote, QuoteFeed, QuoteSink, Rounds, Turn, Tushare, TushareOptions,
};
use stockpile_market::{CalendarDay, Exchange, SecurityKind};
use stockpile_storage::{NewRun, RowCounts, SourceRow, sqlite};
use tempfile::TempDir;

use crate::{
    clock::ManualClock,
    upstream::{
        Reply,
        tushare::{Market, Served, TOKEN, TOO_OFTEN, refusal, serve},
    },
};

/// What was published, and when.
#[derive(Default)]
struct Shown(Mutex<Vec<(String, Vec<LiveQuote>)>>);

struct Sink(Arc<Shown>, Arc<ManualClock>);

#[async_trait]
impl QuoteSink for Sink {
    async fn publish(&self, quotes: Vec<LiveQuote>) {
        use stockpile_ingest::Clock as _;
        let time = self.1.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
        self.0.0.lock().unwrap().push((time.strftime("%H:%M").to_string(), quotes));
    }
}

struct Desk {
    _folder: TempDir,
    served: Served,
    clock: Arc<ManualClock>,
    shown: Arc<Shown>,
    rounds: Rounds,
    collector: Collector,
}

impl Desk {
    /// Friday, 7 February 2025 is a trading day; Saturday is none, and more is not known.
    async fn new(now: &str, market: Market, turn: Arc<dyn Turn>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = sqlite::open(&folder.path().join("stockpile.db")).await.unwrap();
        let now = format!("2025-02-{now}:00+08:00");
        let (served, clock, shown) = (serve(market), ManualClock::at(&now), Arc::new(Shown::default()));
        let run = NewRun {
            source: "calendar".to_owned(),
            kind: "trade_cal".to_owned(),
            started_at: now.parse().unwrap(),
        };
        let mut writing = store.ingest.start(run).await.unwrap();
        let day = |date: &str, is_open| CalendarDay {
            exchange: Exchange::Sse,
            cal_date: date.parse().unwrap(),
            is_open,
            pretrade_date: None,
        };
        let days = [day("20250207", true), day("20250208", false)];
        let days = days.into_iter().zip(1..).map(|(row, line)| SourceRow { line, row }).collect();
        writing.write_calendar(days).await.unwrap();
        writing.commit(RowCounts::default(), now.parse().unwrap()).await.unwrap();
        let options = TushareOptions::new(served.upstream.url(), TOKEN.into());
        let source = Tushare::new(options, clock.clone()).unwrap();
        let sink = Arc::new(Sink(shown.clone(), clock.clone()));
        let feed = QuoteFeed::new(&source, Duration::from_secs(15), sink).unwrap();
        let collector = Collector::new(store, clock.clone(), turn, None, None).with_quotes(feed);
        Self { _folder: folder, served, clock, shown, rounds: collector.rounds(), collector }
    }

    async fn until(&self, end: &str) {
        let end = format!("2025-02-{end}+08:00");
        tokio::select! {
            () = self.collector.clone().run() => panic!("it ended"),
            () = self.clock.run_until(&end) => {}
        }
    }

    fn shown_at(&self) -> Vec<String> {
        self.shown.0.lock().unwrap().iter().map(|(time, _)| time.clone()).collect()
    }
}

#[tokio::test]
async fn quotes_of_the_whole_market_are_shown_from_the_opening_auction_on() {
    let desk = Desk::new("07T08:00", Market::default(), Arc::new(Alone)).await;
    desk.until("07T09:25:00").await;
    assert!(desk.shown_at().is_empty());
    desk.until("07T09:26:00").await;
    let shown = desk.shown.0.lock().unwrap();
    let mut quotes: Vec<_> = shown.iter().take(3).flat_map(|(_, quotes)| quotes).collect();
    quotes.sort_by_key(|quote| (quote.kind, quote.ts_code));
    let told: Vec<_> =
        quotes.iter().map(|quote| (quote.ts_code.to_string(), quote.vol, quote.kind)).collect();
    let stocks = ["000001.SZ", "000002.SZ", "000003.SZ", "000004.SZ", "000005.SZ"];
    let etfs = ["510000.SH", "510001.SH", "510002.SH"];
    let expected: Vec<_> = stocks
        .map(|code| (code, SecurityKind::Stock))
        .into_iter()
        .chain(etfs.map(|code| (code, SecurityKind::Etf)))
        .chain(["000001.SH", "399001.SZ"].map(|code| (code, SecurityKind::Index)))
        .map(|(code, kind)| (code.to_owned(), Some(1234.0), kind))
        .collect();
    assert_eq!(told, expected, "volumes in lots, whatever the interface counts in");
    let first = quotes[0];
    assert_eq!((first.price, first.low, first.amount), (10.4, None, Some(5678.0)));
    assert_eq!((desk.rounds.quotes().runs, desk.rounds.quotes().error), (3, None));
}

#[tokio::test]
async fn a_market_that_stands_still_is_told_again_every_half_minute_until_the_close() {
    let desk = Desk::new("07T14:50", Market::default(), Arc::new(Alone)).await;
    desk.until("07T15:30:00").await;
    let shown = desk.shown_at();
    let minutes = |minute: &str| shown.iter().filter(|at| *at == minute).count();
    assert_eq!(minutes("14:58"), 6, "three boards, twice a minute");
    assert!(minutes("15:04") > 0 && minutes("15:06") == 0, "{shown:?}");
    let calls = desk.served.asked.lock().unwrap().len();
    assert!(calls <= 7 * 4 * 16, "{calls} calls in 15 minutes");
    let before = desk.served.asked.lock().unwrap().len();
    desk.until("09T20:00:00").await;
    assert_eq!(desk.served.asked.lock().unwrap().len(), before, "neither at night nor on Saturday or Sunday");
}

#[tokio::test]
async fn without_a_calendar_no_day_is_taken_for_a_trading_day() {
    let desk = Desk::new("10T10:00", Market::default(), Arc::new(Alone)).await;
    desk.until("10T15:00:00").await;
    assert!(desk.served.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_board_without_permission_is_asked_once_a_day_and_the_others_go_on() {
    let refused = refusal(2002, "抱歉，您没有访问该接口的权限");
    let market = Market { always: vec![("rt_etf_k", refused)], ..Market::default() };
    let desk = Desk::new("07T10:00", market, Arc::new(Alone)).await;
    desk.until("07T11:00:00").await;
    assert_eq!(desk.served.calls("rt_etf_k"), 1);
    assert!(desk.served.calls("rt_k") > 100);
    assert_eq!((desk.rounds.quotes().error, desk.rounds.quotes().runs), (Some("no_permission"), 2));
}

#[tokio::test]
async fn an_account_that_may_have_no_quotes_is_left_alone_until_the_next_day() {
    let refused = refusal(2002, "抱歉，您没有访问该接口的权限");
    let market = Market { always: vec![("*", refused)], ..Market::default() };
    let desk = Desk::new("07T10:00", market, Arc::new(Alone)).await;
    desk.until("07T15:00:00").await;
    assert_eq!(desk.served.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_board_asked_too_often_rests_a_minute_and_a_failure_is_over_at_the_next_look() {
    let quirks = vec![
        ("rt_k", refusal(40203, TOO_OFTEN)),
        ("rt_idx_k", Reply::Status(502, Vec::new(), "<html>Bad Gateway</html>".to_owned())),
    ];
    let desk = Desk::new("07T10:00", Market { quirks, ..Market::default() }, Arc::new(Alone)).await;
    desk.until("07T10:00:59").await;
    assert_eq!((desk.served.calls("rt_k"), desk.served.calls("rt_idx_k") > 2), (1, true));
    desk.until("07T10:03:00").await;
    assert!(desk.served.calls("rt_k") > 4);
    assert_eq!(desk.rounds.quotes().error, None);
}

#[tokio::test]
async fn while_another_has_the_turn_nothing_is_asked() {
    struct Never;
    #[async_trait]
    impl Turn for Never {
        async fn take(&self, _: &'static str) -> bool {
            false
        }
        async fn give_back(&self, _: &'static str) {}
    }
    let desk = Desk::new("07T10:00", Market::default(), Arc::new(Never)).await;
    desk.until("07T10:30:00").await;
    assert!(desk.served.asked.lock().unwrap().is_empty());
}
