//! What a client meets while the store is slow, failing or gone.
#![allow(clippy::unwrap_used, reason = "test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use actix_web::{App, dev::ServiceResponse, http::StatusCode, test, web};
use jiff::Timestamp;
use serde_json::Value;
use stockpile_cache::{Cache, testkit::ManualClock};
use stockpile_market::{CryptoMarket, DailyBar, SecurityKind, TradeDate, TsCode};
use stockpile_routes::{AppState, Demo, Lifetimes, Options, Quote, QuoteSource, configure};
use stockpile_storage::{
    DayCount, Error, MockCandles, MockCryptoMarkets, MockDailyBars, MockDailyBasics, MockIngestRuns,
    MockSecurities, MockTradeCalendar, Store,
};

const TARGET: &str = "/api/overview/hot-stocks";

/// What the store does when it is asked for a hot list.
#[derive(Default)]
struct Behaviour {
    fails: AtomicBool,
    hangs: AtomicBool,
    asked: AtomicU32,
}

fn day() -> TradeDate {
    "20250205".parse().unwrap()
}

fn unreachable_store() -> Error {
    Error::Failed { operation: "read a hot list", source: "disk /dev/sdz1 on host db-7 is gone".into() }
}

fn bar() -> DailyBar {
    DailyBar {
        ts_code: "600519.SH".parse().unwrap(),
        trade_date: day(),
        open: None,
        high: None,
        low: None,
        close: 1436.0,
        pre_close: None,
        change: None,
        pct_chg: None,
        vol: None,
        amount: None,
    }
}

/// A store with one stock on one day, behaving as told.
fn store(behaviour: &Arc<Behaviour>) -> Store {
    let mut bars = MockDailyBars::new();
    bars.expect_day_counts().returning(|kind| {
        let stocks = kind == SecurityKind::Stock;
        Ok(if stocks { vec![DayCount { trade_date: day(), rows: 1, adjusted: 0 }] } else { Vec::new() })
    });
    let told = behaviour.clone();
    bars.expect_hottest().returning(move |_| {
        told.asked.fetch_add(1, Ordering::SeqCst);
        if told.hangs.load(Ordering::SeqCst) {
            // The mock is synchronous: a slow store is one that only answers late.
            std::thread::sleep(Duration::from_millis(50));
        }
        if told.fails.load(Ordering::SeqCst) { Err(unreachable_store()) } else { Ok(vec![bar()]) }
    });
    let mut securities = MockSecurities::new();
    securities.expect_all().returning(|| Ok(Vec::new()));
    let mut calendar = MockTradeCalendar::new();
    calendar.expect_days().returning(|_| Ok(Vec::new()));
    let mut ingest = MockIngestRuns::new();
    let told = behaviour.clone();
    ingest
        .expect_revision()
        .returning(move || if told.fails.load(Ordering::SeqCst) { Err(unreachable_store()) } else { Ok(1) });
    ingest.expect_fingerprint().returning(|_| Ok(1));
    with(bars, securities, calendar, ingest)
}

fn with(
    bars: MockDailyBars,
    securities: MockSecurities,
    calendar: MockTradeCalendar,
    ingest: MockIngestRuns,
) -> Store {
    let mut basics = MockDailyBasics::new();
    basics.expect_of().returning(|_, _| Ok(Vec::new()));
    Store {
        engine: "sqlite",
        basics: Arc::new(basics),
        bars: Arc::new(bars),
        securities: Arc::new(securities),
        calendar: Arc::new(calendar),
        ingest: Arc::new(ingest),
        ..Store::mocked()
    }
}

fn state(store: Store, clock: &Arc<ManualClock>) -> web::Data<AppState> {
    let minute = Duration::from_secs(60);
    let options = Options {
        version: "test",
        lifetimes: Lifetimes::all(minute),
        request_timeout: Duration::from_millis(200),
        now: || Timestamp::UNIX_EPOCH,
    };
    let cache = Cache::builder().namespace("stock:").clock(clock.clone()).build().unwrap();
    web::Data::new(AppState::new(store, cache, &options))
}

async fn get(state: &web::Data<AppState>, target: &str) -> ServiceResponse {
    let app = test::init_service(App::new().app_data(state.clone()).configure(configure)).await;
    test::call_service(&app, test::TestRequest::get().uri(target).to_request()).await
}

fn header<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

#[actix_web::test]
async fn parameters_are_checked_before_the_store_is_asked() {
    // Mocks without expectations panic when they are asked anything.
    let nothing =
        with(MockDailyBars::new(), MockSecurities::new(), MockTradeCalendar::new(), MockIngestRuns::new());
    let state = state(nothing, &Arc::new(ManualClock::new()));
    for target in [
        "/api/overview/hot-stocks?limit=0",
        "/api/overview/hot-etfs?sort_by=x",
        "/api/overview/market-stats?date=20251340",
        "/api/overview/indices?day=20250205",
        "/api/stock/60051/basic",
        "/api/stock/600519.SH/daily?start=1",
        "/api/stock/600519.SH/daily?format=xml",
        "/api/stocks/search",
        "/api/daily?date=20250205&cursor=x",
        "/api/daily?codes=6005",
        "/api/crypto/BTC/predictions?horizon=2h",
        "/api/crypto/BTC/health?x=1",
        "/api/crypto/dashboard?x=1",
    ] {
        assert_eq!(get(&state, target).await.status(), StatusCode::BAD_REQUEST, "{target}");
    }
}

#[actix_web::test]
async fn a_store_that_was_never_there_is_a_503_that_tells_nothing_internal() {
    let behaviour = Arc::new(Behaviour::default());
    behaviour.fails.store(true, Ordering::SeqCst);
    let state = state(store(&behaviour), &Arc::new(ManualClock::new()));
    let response = get(&state, TARGET).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    let problem: Value = test::read_body_json(response).await;
    assert_eq!(problem["code"], "unavailable");
    assert!(!problem.to_string().contains("sdz1") && !problem.to_string().contains("db-7"), "{problem}");
    assert_eq!(get(&state, "/health").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&state, "/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&state, "/livez").await.status(), StatusCode::OK);
}

#[actix_web::test]
async fn a_stale_body_stands_in_for_a_store_that_went_away() {
    let (behaviour, clock) = (Arc::new(Behaviour::default()), Arc::new(ManualClock::new()));
    let state = state(store(&behaviour), &clock);
    let fresh = get(&state, TARGET).await;
    assert_eq!(header(&fresh, "x-cache"), "miss");
    let body = test::read_body(fresh).await;

    behaviour.fails.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(59));
    assert_eq!(header(&get(&state, TARGET).await, "x-cache"), "hit");
    clock.advance(Duration::from_secs(2));
    let stale = get(&state, TARGET).await;
    assert_eq!(stale.status(), StatusCode::OK);
    assert_eq!((header(&stale, "x-cache"), header(&stale, "age")), ("stale", "61"));
    assert!(header(&stale, "cache-control").contains("max-age=0"));
    assert_eq!(test::read_body(stale).await, body);

    // A failing store is left alone for a while, then asked again; once it is back, bodies are fresh again.
    let asked = behaviour.asked.load(Ordering::SeqCst);
    get(&state, TARGET).await;
    assert_eq!(behaviour.asked.load(Ordering::SeqCst), asked);
    behaviour.fails.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_secs(6));
    assert_eq!(header(&get(&state, TARGET).await, "x-cache"), "miss");
}

#[actix_web::test]
async fn a_stale_body_ends_after_a_day() {
    let (behaviour, clock) = (Arc::new(Behaviour::default()), Arc::new(ManualClock::new()));
    let state = state(store(&behaviour), &clock);
    get(&state, TARGET).await;
    behaviour.fails.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(24 * 60 * 60 + 61));
    assert_eq!(get(&state, TARGET).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn many_readers_of_one_body_ask_the_store_once() {
    let behaviour = Arc::new(Behaviour::default());
    behaviour.hangs.store(true, Ordering::SeqCst);
    let state = state(store(&behaviour), &Arc::new(ManualClock::new()));
    let app = test::init_service(App::new().app_data(state.clone()).configure(configure)).await;
    let requests =
        (0..100).map(|_| test::call_service(&app, test::TestRequest::get().uri(TARGET).to_request()));
    let responses = futures_util::future::join_all(requests).await;
    assert!(responses.iter().all(|response| response.status() == StatusCode::OK));
    assert_eq!(behaviour.asked.load(Ordering::SeqCst), 1);
}

/// One invented coin.
#[derive(Debug)]
struct OneCoin;

impl QuoteSource for OneCoin {
    fn latest(&self, _: TsCode, _: Timestamp) -> Option<Quote> {
        None
    }

    fn coins(&self, now: Timestamp) -> Vec<CryptoMarket> {
        vec![CryptoMarket {
            id: "bitcoin".into(),
            symbol: "BTC".into(),
            name: None,
            price: Some(50_000.0),
            market_cap: None,
            volume_24h: None,
            change_24h: None,
            last_updated: now,
        }]
    }
}

/// A store without bars whose coins are as told.
fn without_bars(coins: impl Fn() -> stockpile_storage::Result<bool> + Send + Sync + 'static) -> Store {
    let mut bars = MockDailyBars::new();
    bars.expect_day_counts().returning(|_| Ok(Vec::new()));
    let mut securities = MockSecurities::new();
    securities.expect_all().returning(|| Ok(Vec::new()));
    let mut calendar = MockTradeCalendar::new();
    calendar.expect_days().returning(|_| Ok(Vec::new()));
    let mut ingest = MockIngestRuns::new();
    ingest.expect_revision().returning(|| Ok(1));
    ingest.expect_fingerprint().returning(|_| Ok(1));
    let mut crypto_markets = MockCryptoMarkets::new();
    crypto_markets.expect_any().returning(coins);
    crypto_markets.expect_latest().returning(|| Ok(Vec::new()));
    Store { crypto_markets: Arc::new(crypto_markets), ..with(bars, securities, calendar, ingest) }
}

#[actix_web::test]
async fn invented_coins_stand_in_for_none_and_never_for_a_store_that_cannot_be_asked() {
    let behaviour = Arc::new(Behaviour::default());
    behaviour.fails.store(true, Ordering::SeqCst);
    let told = behaviour.clone();
    let mut real =
        without_bars(
            move || {
                if told.fails.load(Ordering::SeqCst) { Err(unreachable_store()) } else { Ok(false) }
            },
        );
    let mut candles = MockCandles::new();
    candles.expect_any().returning(|| Ok(false));
    real.candles = Arc::new(candles);
    let demo = Demo { store: without_bars(|| Ok(true)), quotes: Arc::new(OneCoin), always: false };
    let state = state(real, &Arc::new(ManualClock::new()));
    let state = web::Data::new(AppState::clone(&state).with_demo(demo));
    for target in ["/api/crypto/prices", "/api/crypto/dashboard", "/api/crypto/BTC/health"] {
        let response = get(&state, target).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{target}");
        assert!(!response.headers().contains_key("x-data"), "{target}");
    }
    behaviour.fails.store(false, Ordering::SeqCst);
    let response = get(&state, "/api/crypto/prices").await;
    assert_eq!(header(&response, "x-data"), "demo");
    let body: Value = test::read_body_json(response).await;
    assert_eq!((&body["demo"], &body["data"][0]["price"]), (&Value::from(true), &Value::from(50_000.0)));
}
