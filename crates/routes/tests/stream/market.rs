//! A server on a market whose prices the test moves.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use actix_web::{App, HttpServer, web};
use jiff::Timestamp;
use stockpile_cache::Cache;
use stockpile_market::{DailyBar, Security, SecurityKind, TradeDate, TsCode};
use stockpile_routes::{AppState, Demo, Lifetimes, Options, Quote, QuoteSource, StreamOptions, configure};
use stockpile_storage::{
    DayCount, Error, MockDailyBars, MockIngestRuns, MockSecurities, MockTradeCalendar, Store, StoredBar,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// Stocks of the market: 600000.SH to 600399.SH.
const STOCKS: u32 = 400;

/// What the test tells the market, and what it counts.
#[derive(Debug, Default)]
pub(crate) struct Market {
    /// Price of every stock, yuan.
    pub(crate) price: AtomicU64,
    /// Seconds since 1970 at which it was made.
    pub(crate) time: AtomicU64,
    /// Each look at a price raises it.
    pub(crate) restless: std::sync::atomic::AtomicBool,
    /// Revision of the store.
    pub(crate) revision: AtomicU64,
    /// Reads of bars.
    pub(crate) reads: AtomicU64,
    /// The store has bars of the running day.
    pub(crate) has_today: std::sync::atomic::AtomicBool,
    /// The store does not answer.
    pub(crate) is_down: std::sync::atomic::AtomicBool,
}

impl QuoteSource for Market {
    fn latest(&self, _: TsCode, _: Timestamp) -> Option<Quote> {
        if self.restless.load(SeqCst) {
            self.price.fetch_add(1, SeqCst);
        }
        let time = i64::try_from(self.time.load(SeqCst)).unwrap();
        Some(Quote {
            time: Timestamp::from_second(time).unwrap(),
            price: self.price.load(SeqCst) as f64,
            open: None,
            high: None,
            low: None,
            pre_close: None,
            change: None,
            pct_chg: None,
            vol: None,
            amount: None,
        })
    }
}

fn day() -> TradeDate {
    "20250205".parse().unwrap()
}

/// The running day, of which the store has no bars at first.
fn today() -> TradeDate {
    "20250206".parse().unwrap()
}

/// In the morning of the running day.
pub(crate) fn this_morning() -> Timestamp {
    "2025-02-06T10:00:00+08:00".parse().unwrap()
}

fn stock(number: u32) -> TsCode {
    format!("{number}.SH").parse().unwrap()
}

/// A store whose last bars close at the market's price.
fn store(market: &Arc<Market>) -> Store {
    let down = |market: &Market| match market.is_down.load(SeqCst) {
        true => Err(Error::Failed { operation: "read", source: "gone".into() }),
        false => Ok(()),
    };
    let mut bars = MockDailyBars::new();
    let told = market.clone();
    bars.expect_day_counts().returning(move |kind| {
        let mut days = if kind == SecurityKind::Stock { vec![day()] } else { Vec::new() };
        days.extend(told.has_today.load(SeqCst).then(today));
        Ok(days.into_iter().map(|trade_date| DayCount { trade_date, rows: STOCKS, adjusted: 0 }).collect())
    });
    bars.expect_kinds().returning(|_| Ok(Vec::new()));
    let told = market.clone();
    bars.expect_of().returning(move |_, code, _, _| {
        down(&told)?;
        told.reads.fetch_add(1, SeqCst);
        let bar = DailyBar {
            ts_code: code,
            trade_date: day(),
            open: None,
            high: None,
            low: None,
            close: told.price.load(SeqCst) as f64,
            pre_close: None,
            change: None,
            pct_chg: None,
            vol: None,
            amount: None,
        };
        Ok(vec![StoredBar { bar, adjusted: false }])
    });
    let mut securities = MockSecurities::new();
    securities.expect_all().returning(|| {
        let stocks = 600_000..600_000 + STOCKS;
        Ok(stocks.map(|number| Security::unknown(stock(number), SecurityKind::Stock)).collect())
    });
    let mut calendar = MockTradeCalendar::new();
    calendar.expect_days().returning(|_| Ok(Vec::new()));
    let mut ingest = MockIngestRuns::new();
    let told = market.clone();
    ingest.expect_revision().returning(move || down(&told).map(|()| told.revision.load(SeqCst)));
    let told = market.clone();
    ingest.expect_fingerprint().returning(move |_| down(&told).map(|()| told.revision.load(SeqCst)));
    Store {
        engine: "sqlite",
        bars: Arc::new(bars),
        securities: Arc::new(securities),
        calendar: Arc::new(calendar),
        ingest: Arc::new(ingest),
        ..Store::mocked()
    }
}

fn a_market() -> (Arc<Market>, Store) {
    let market = Arc::new(Market::default());
    market.price.store(10, SeqCst);
    let store = store(&market);
    (market, store)
}

fn options() -> Options {
    Options {
        version: "test",
        lifetimes: Lifetimes::all(Duration::from_secs(60)),
        request_timeout: Duration::from_secs(5),
        now: || Timestamp::UNIX_EPOCH,
    }
}

/// A server on a free port, ended with the test's runtime.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) market: Arc<Market>,
    pub(crate) state: AppState,
}

pub(crate) fn quick() -> StreamOptions {
    StreamOptions {
        sample_every: Duration::from_millis(2),
        heartbeat: Duration::from_secs(3600),
        ..StreamOptions::default()
    }
}

impl Server {
    /// Live quotes, as the demo market has them.
    pub(crate) fn live(options: StreamOptions) -> Self {
        Self::start(options, true)
    }

    /// The last bars of a store.
    pub(crate) fn daily(options: StreamOptions) -> Self {
        Self::start(options, false)
    }

    /// Quotes of a real exchange in the cache, in the morning of a trading day.
    pub(crate) fn of_the_exchange(streams: StreamOptions, cache: Cache) -> Self {
        let (market, store) = a_market();
        let options = Options { now: this_morning, ..options() };
        let state = AppState::new(store, cache, &options).with_streams(streams).with_live_quotes();
        Self::serve(market, state)
    }

    fn start(streams: StreamOptions, live: bool) -> Self {
        let (market, store) = a_market();
        let mut state = AppState::new(store.clone(), Cache::in_memory(), &options()).with_streams(streams);
        if live {
            state = state.with_demo(Demo { store, quotes: market.clone(), always: true });
        }
        Self::serve(market, state)
    }

    fn serve(market: Arc<Market>, state: AppState) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let data = web::Data::new(state.clone());
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(configure))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        actix_web::rt::spawn(server);
        actix_web::rt::spawn(state.clone().sample_quotes());
        Self { addr, market, state }
    }

    pub(crate) fn set_price(&self, price: u64) {
        self.market.price.store(price, SeqCst);
    }

    /// Opens a stream of events; panics unless it is answered with 200.
    pub(crate) async fn events(&self, codes: &str) -> Events {
        Events::on(TcpStream::connect(self.addr).await.unwrap(), codes).await
    }

    /// The status line and the rest of an answer that ends.
    pub(crate) async fn answer(&self, method: &str, query: &str, headers: &str) -> (String, String) {
        let target = format!("/api/stream/quotes?{query}");
        self.answer_of(method, &target, headers).await
    }

    pub(crate) async fn answer_of(&self, method: &str, target: &str, headers: &str) -> (String, String) {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        let mut events =
            Events::ask(stream, method, target, &format!("{headers}connection: close\r\n")).await;
        let status = events.line().await.unwrap();
        let mut rest = String::new();
        while let Some(line) = events.line().await {
            rest += &(line + "\n");
        }
        (status, rest)
    }
}

/// A client of a stream of events. A chunk of the answer holds whole events, so its lines are those of the events and more.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
}

impl Events {
    /// Asks for events on a connection; panics unless they are granted.
    pub(crate) async fn on(stream: TcpStream, codes: &str) -> Self {
        let target = format!("/api/stream/quotes?codes={codes}");
        let mut events = Self::ask(stream, "GET", &target, "last-event-id: 7\r\n").await;
        assert_eq!(events.line().await.unwrap(), "HTTP/1.1 200 OK");
        events
    }

    async fn ask(mut stream: TcpStream, method: &str, target: &str, headers: &str) -> Self {
        let request = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self { reader: BufReader::new(stream) }
    }

    /// The next line; `None` at the end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(Duration::from_secs(10), self.reader.read_line(&mut line));
        (read.await.expect("nothing comes").unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    /// The next line that begins so, without its beginning; `None` at the end.
    pub(crate) async fn after(&mut self, start: &str) -> Option<String> {
        loop {
            if let Some(rest) = self.line().await?.strip_prefix(start) {
                return Some(rest.to_owned());
            }
        }
    }

    /// Code and price of the next quote; `None` at the end.
    pub(crate) async fn quote(&mut self) -> Option<(String, u64)> {
        Some(code_and_price(&serde_json::from_str(&self.after("data: ").await?).unwrap()))
    }
}

pub(crate) fn code_and_price(quote: &serde_json::Value) -> (String, u64) {
    (quote["ts_code"].as_str().unwrap().to_owned(), quote["price"].as_f64().unwrap() as u64)
}

/// Waits, a few milliseconds at a time, until something holds.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..5000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("it never holds");
}

pub(crate) fn codes(count: u32) -> String {
    (600_000..600_000 + count).map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}
