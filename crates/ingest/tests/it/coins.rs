//! Prices and candles of coins into an embedded store, over a server that speaks as their sources do.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use stockpile_ingest::{
    Clock as _, CoinBackfill, CoinFetched, CoinIngest, CoinOptions, CoinStep, Error, Patience, Silent,
};
use stockpile_market::{Candle, Interval};
use stockpile_storage::{Store, sqlite};
use tempfile::TempDir;

use crate::{
    clock::ManualClock,
    dump::{dump, same},
    upstream::{
        Reply,
        coins::{Coins, KEY, Served, serve},
    },
};

const NOON: &str = "2025-02-07T12:30:00Z";

struct Desk {
    folder: TempDir,
    served: Served,
    clock: Arc<ManualClock>,
    store: Store,
    ingest: CoinIngest,
}

impl Desk {
    async fn new(coins: Coins) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = sqlite::open(&database(&folder)).await.unwrap();
        let clock = ManualClock::at(NOON);
        let now = clock.now().as_millisecond();
        let served = serve(Coins { now, ..coins });
        let ingest = ingest(&served, &clock, &store, &folder);
        Self { folder, served, clock, store, ingest }
    }

    async fn try_fetch(&self, backfill: &CoinBackfill) -> (Vec<CoinStep>, Result<(), Error>) {
        let mut steps = Vec::new();
        let done = self.ingest.run(backfill, &Silent, &mut |step| steps.push(step)).await;
        (steps, done)
    }

    async fn fetch(&self, backfill: &CoinBackfill) -> Vec<CoinStep> {
        let (steps, done) = self.try_fetch(backfill).await;
        done.unwrap();
        steps
    }

    async fn candles(&self, pair: &str, interval: &str) -> Vec<Candle> {
        self.store.candles.before(pair, interval.parse().unwrap(), Timestamp::MAX, 100_000).await.unwrap()
    }
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("stockpile.db")
}

fn ingest(served: &Served, clock: &Arc<ManualClock>, store: &Store, folder: &TempDir) -> CoinIngest {
    let mut options = CoinOptions::new(served.upstream.url(), served.upstream.url());
    options.api_key = Some(KEY.into());
    // Longer than a busy machine takes to answer.
    let patience = Duration::from_secs(2);
    options.patience = Patience { connect: patience, silence: patience, whole: patience * 20 };
    CoinIngest::new(&options, clock.clone(), store.clone(), folder.path().join("reports")).unwrap()
}

/// As a server that behaves.
fn plain() -> Coins {
    Coins { keeps_start: true, ..Coins::default() }
}

fn candles(from: &str) -> CoinBackfill {
    CoinBackfill {
        pairs: vec!["BTCUSDT".into()],
        intervals: vec!["1h".parse().unwrap()],
        from: from.parse().unwrap(),
        prices: false,
    }
}

fn prices() -> CoinBackfill {
    CoinBackfill { pairs: vec![], prices: true, ..candles("2025-02-01T00:00:00Z") }
}

fn failed(step: &CoinStep) -> String {
    match &step.fetched {
        CoinFetched::Failed(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn prices_are_stored_under_their_tickers_and_a_price_that_cannot_be_is_refused() {
    let desk = Desk::new(plain()).await;
    let steps = desk.fetch(&prices()).await;
    let CoinFetched::Ingested(ingested) = &steps[0].fetched else { panic!("{steps:?}") };
    assert_eq!((ingested.rows.written, ingested.rows.rejected), (2, 1));
    let coins = desk.store.crypto_markets.latest().await.unwrap();
    assert_eq!((coins[0].symbol.as_str(), coins[0].price, coins[0].volume_24h), ("BTC", Some(56768.0), None));
    let asked = desk.served.asked.lock().unwrap();
    assert!(asked[0].headers.iter().any(|header| *header == format!("x-cg-demo-api-key: {KEY}")));
    assert!(!asked[0].path.contains(KEY));
}

#[tokio::test]
async fn candles_of_a_year_come_page_by_page_whatever_the_cap() {
    for (cap, calls) in [(0, 10), (300, 34)] {
        let desk = Desk::new(Coins { cap, ..plain() }).await;
        desk.fetch(&candles("2024-02-07T00:00:00Z")).await;
        let found = desk.candles("BTCUSDT", "1h").await;
        assert_eq!(found.len(), 366 * 24 + 13, "cap {cap}");
        assert_eq!(found[0].time, "2024-02-07T00:00:00Z".parse().unwrap());
        assert!(found.windows(2).all(|pair| pair[1].time.duration_since(pair[0].time).as_secs() == 3600));
        let one = &found[0];
        assert_eq!((one.open, one.high, one.low, one.close), (100.0, 110.5, 90.1, 105.0));
        assert_eq!((one.volume, one.quote_volume), (Some(2.5), Some(262.5)));
        let asked = desk.served.calls("klines");
        assert!((calls..=calls + 12).contains(&asked), "{asked} calls with cap {cap}");
    }
}

#[tokio::test]
async fn a_second_fetch_asks_for_the_unfinished_part_alone() {
    let desk = Desk::new(plain()).await;
    let wanted = candles("2024-11-01T00:00:00Z");
    let first = desk.fetch(&wanted).await.len();
    assert!(first > 2);
    assert_eq!(desk.fetch(&wanted).await.len(), 1, "the span that was not over");
    let later = desk.fetch(&candles("2024-12-24T05:00:00Z")).await;
    assert_eq!(later.len(), 1, "a later start finds what an earlier one has fetched");
    let day: Interval = "1d".parse().unwrap();
    let days = CoinBackfill { intervals: vec![day], ..wanted };
    desk.fetch(&days).await;
    assert_eq!(desk.candles("BTCUSDT", "1d").await.len(), 99, "another interval is fetched, not made up");
}

#[tokio::test]
async fn one_that_is_stopped_after_any_step_ends_with_the_rows_of_an_unbroken_one() {
    let wanted = CoinBackfill {
        pairs: vec!["BTCUSDT".into(), "ETHUSDT".into()],
        prices: true,
        ..candles("2024-12-01T00:00:00Z")
    };
    let unbroken = Desk::new(plain()).await;
    let steps = unbroken.fetch(&wanted).await.len();
    let expected = dump(&unbroken.store).await;
    for stop in 1..steps {
        let desk = Desk::new(plain()).await;
        let (sender, stopped) = tokio::sync::oneshot::channel();
        let (mut sender, mut heard) = (Some(sender), 0);
        let mut hear = |_| {
            heard += 1;
            if heard == stop {
                let _ = sender.take().unwrap().send(());
            }
        };
        tokio::select! {
            biased;
            _ = stopped => {}
            done = desk.ingest.run(&wanted, &Silent, &mut hear) => panic!("not stopped: {done:?}"),
        }
        let store = sqlite::open(&database(&desk.folder)).await.unwrap();
        ingest(&desk.served, &desk.clock, &store, &desk.folder)
            .run(&wanted, &Silent, &mut |_| ())
            .await
            .unwrap();
        same(&dump(&desk.store).await, &expected);
    }
}

#[tokio::test]
async fn an_unknown_pair_is_left_out_and_the_others_go_on() {
    let desk = Desk::new(plain()).await;
    let wanted = CoinBackfill {
        pairs: vec!["NOCOINUSDT".into(), "BTCUSDT".into()],
        ..candles("2024-12-01T00:00:00Z")
    };
    let steps = desk.fetch(&wanted).await;
    assert!(failed(&steps[0]).contains("-1121: Invalid symbol."), "{}", failed(&steps[0]));
    assert_eq!(desk.served.calls("NOCOIN"), 1);
    assert!(!desk.candles("BTCUSDT", "1h").await.is_empty());
}

#[tokio::test]
async fn being_asked_to_wait_is_honoured_and_a_ban_is_not_sat_out() {
    let wait = Reply::Status(429, vec!["retry-after: 17".into()], String::new());
    let banned = Reply::Status(418, vec!["retry-after: 20".into()], String::new());
    let desk = Desk::new(Coins { quirks: vec![("klines", wait), ("klines", banned)], ..plain() }).await;
    desk.fetch(&candles("2025-02-07T00:00:00Z")).await;
    assert_eq!(desk.candles("BTCUSDT", "1h").await.len(), 13);
    assert!((37.0..38.0).contains(&desk.clock.elapsed().as_secs_f64()), "{:?}", desk.clock.elapsed());

    let banned = Reply::Status(418, vec!["retry-after: 7200".into()], String::new());
    let desk = Desk::new(Coins { always: vec![("klines", banned)], ..plain() }).await;
    let steps = desk.fetch(&candles("2025-02-07T00:00:00Z")).await;
    assert!(failed(&steps[0]).contains("wait 7200 s"), "{}", failed(&steps[0]));
    assert_eq!(desk.served.calls("klines"), 1);
}

#[tokio::test]
async fn an_address_that_has_used_up_its_weight_waits_for_the_next_minute() {
    let heavy = Reply::Status(200, vec!["x-mbx-used-weight-1m: 4900".into()], "[]".into());
    let desk = Desk::new(Coins { quirks: vec![("klines", heavy)], ..plain() }).await;
    desk.fetch(&candles("2024-12-20T00:00:00Z")).await;
    assert!(desk.clock.elapsed() >= Duration::from_secs(60), "{:?}", desk.clock.elapsed());
}

#[tokio::test]
async fn time_that_stands_still_is_an_error_and_no_loop() {
    let desk = Desk::new(Coins { keeps_start: false, ..plain() }).await;
    let steps = desk.fetch(&candles("2025-02-01T00:00:00Z")).await;
    assert!(failed(&steps[0]).contains("same row on two pages"), "{}", failed(&steps[0]));
    assert_eq!(desk.served.calls("klines"), 1);
    assert!(desk.candles("BTCUSDT", "1h").await.is_empty());
}

#[tokio::test]
async fn answers_that_are_none_are_told_and_failures_that_pass_leave_no_trace() {
    let page = || Reply::Status(200, vec![], "<html>Log in</html>".into());
    let desk = Desk::new(Coins { always: vec![("klines", page()), ("markets", page())], ..plain() }).await;
    let both = CoinBackfill { prices: true, ..candles("2025-02-07T00:00:00Z") };
    let steps = desk.fetch(&both).await;
    assert!(failed(&steps[0]).contains("is not CoinGecko") && failed(&steps[0]).contains("<html>Log in"));
    assert!(failed(&steps[1]).contains("is not Binance"), "{}", failed(&steps[1]));

    for (body, told) in [(r#"[[1,"2"]]"#, "candle 1"), (r#"{"a":1}"#, "expected a sequence")] {
        let odd = Coins { always: vec![("klines", Reply::Json(body.into()))], ..plain() };
        let steps = Desk::new(odd).await.fetch(&candles("2025-02-07T00:00:00Z")).await;
        assert!(failed(&steps[0]).contains(told), "{}", failed(&steps[0]));
    }
    let lacks = Coins { always: vec![("markets", Reply::Json(r#"[{"id":"bitcoin"}]"#.into()))], ..plain() };
    let steps = Desk::new(lacks).await.fetch(&prices()).await;
    assert!(failed(&steps[0]).contains("lacks the column(s) symbol, name"), "{}", failed(&steps[0]));

    let quirks = vec![
        ("klines", Reply::Reset),
        ("klines", Reply::Silence),
        ("klines", Reply::Cut("[[1".repeat(20), 30)),
        ("klines", Reply::Status(504, vec![], "<html>".into())),
        ("markets", Reply::Json("[{\"id\":".into())),
    ];
    let (shaken, calm) = (Desk::new(Coins { quirks, ..plain() }).await, Desk::new(plain()).await);
    shaken.fetch(&both).await;
    calm.fetch(&both).await;
    same(&dump(&shaken.store).await, &dump(&calm.store).await);
}

#[tokio::test]
async fn candles_come_although_prices_cannot_be_had_and_a_source_of_candles_that_is_down_ends_them() {
    let both = CoinBackfill { prices: true, ..candles("2025-02-07T00:00:00Z") };
    for reply in [Reply::Reset, Reply::Status(503, vec![], String::new())] {
        let desk = Desk::new(Coins { always: vec![("markets", reply)], ..plain() }).await;
        let steps = desk.fetch(&both).await;
        assert!(matches!(&steps[0].fetched, CoinFetched::Failed(_)), "{steps:?}");
        assert!(!desk.candles("BTCUSDT", "1h").await.is_empty());
    }
    let desk = Desk::new(Coins { always: vec![("klines", Reply::Reset)], ..plain() }).await;
    let (steps, done) = desk.try_fetch(&both).await;
    assert!(matches!(done, Err(Error::Unreachable { .. })), "{done:?}");
    assert!(matches!(&steps[0].fetched, CoinFetched::Ingested(_)), "{steps:?}");
}

#[tokio::test]
async fn a_key_that_is_refused_is_named_by_its_setting_and_never_shown() {
    let refused = Reply::Status(401, vec![], format!("{{\"error\":\"bad key {KEY}\"}}"));
    let desk = Desk::new(Coins { always: vec![("markets", refused)], ..plain() }).await;
    let steps = desk.fetch(&prices()).await;
    let told = failed(&steps[0]);
    assert!(told.contains("COINGECKO_API_KEY") && told.contains("***") && !told.contains(KEY), "{told}");
    assert!(!format!("{:?}", desk.ingest).contains(KEY));
}
