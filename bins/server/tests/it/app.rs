//! A server of its own for each test: port 0, an empty store of its own, ended with the test.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use jiff::Timestamp;
use reqwest::{Client, Response};
use serde_json::Value;
use stockpile_ingest::{FileIngest, Ingested, Outcome, Silent};
use stockpile_server::Application;
use stockpile_settings::Settings;
use stockpile_storage::Store;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::backends::Backends;

pub(crate) const HEADER: &str =
    "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n";

/// A client of the server. The sources' client has TLS built in, and so this one must name its cryptography, too.
pub(crate) fn client() -> Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// A running server, a folder of its own and the address of its store.
pub(crate) struct TestApp {
    /// Dropped first: the server stops. A hundred that went on would ask their store for its revision all the time.
    _running: oneshot::Sender<()>,
    pub(crate) folder: TempDir,
    pub(crate) addr: SocketAddr,
    pub(crate) storage_url: String,
    pub(crate) backends: Backends,
    client: Client,
}

impl TestApp {
    /// Starts a server on an empty store.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server on an empty store with settings beside those every test has.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backends = Backends::for_a_test(folder.path());
        let mut variables = vec![
            ("DEMO", "off"),
            ("HTTP_ADDR", "127.0.0.1:0"),
            ("STORAGE_URL", backends.storage_url.as_str()),
            ("CACHE_URL", backends.cache_url.as_str()),
            ("HTTP_WORKERS", "1"),
        ];
        variables.extend(settings);
        let variables: Vec<(String, String)> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let lookup = |name: &str| {
            variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        let (settings, storage_url) =
            (Settings::from_lookup(lookup).unwrap(), lookup("STORAGE_URL").unwrap());
        let (sender, receiver) = mpsc::channel();
        let (running, stop) = oneshot::channel::<()>();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let application = Application::build(&settings).await.unwrap();
                sender.send(application.addr().unwrap()).unwrap();
                application.run_until(async move { drop(stop.await) }).await.unwrap();
            });
        });
        let addr = tokio::task::spawn_blocking(move || receiver.recv().unwrap()).await.unwrap();
        Self { _running: running, folder, addr, storage_url, backends, client: client() }
    }

    /// Brings a file in by a handle of its own, as another process would.
    pub(crate) async fn ingest(&self, name: &str, content: impl AsRef<[u8]>) -> Ingested {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        self.ingest_file(path).await
    }

    /// Brings a file in from where it is.
    pub(crate) async fn ingest_file(&self, path: PathBuf) -> Ingested {
        ingest_into(self.store().await, self.folder.path(), &path).await
    }

    /// A handle of its own on the server's store, as another process has.
    pub(crate) async fn store(&self) -> Store {
        let url = |name: &str| (name == "STORAGE_URL").then(|| self.storage_url.clone());
        stockpile_storage::open(&Settings::from_lookup(url).unwrap().storage).await.unwrap()
    }

    /// A small market: three days, stocks of every board, an ETF, two indices and their facts.
    pub(crate) async fn with_a_small_market() -> Self {
        let app = Self::start().await;
        app.ingest_the_small_market().await;
        app
    }

    pub(crate) async fn ingest_the_small_market(&self) {
        let mut bars = HEADER.to_owned();
        for (day, rows) in [
            (
                "20250124",
                [
                    ("600519.SH", 1430.0),
                    ("000001.SZ", 11.4),
                    ("300750.SZ", 250.0),
                    ("688981.SH", 90.0),
                    ("839493.BJ", 70.0),
                ],
            ),
            (
                "20250127",
                [
                    ("600519.SH", 1436.0),
                    ("000001.SZ", 11.47),
                    ("300750.SZ", 255.0),
                    ("688981.SH", 92.0),
                    ("839493.BJ", 75.51),
                ],
            ),
            (
                "20250205",
                [
                    ("600519.SH", 1436.0),
                    ("000001.SZ", 12.62),
                    ("300750.SZ", 204.0),
                    ("688981.SH", 110.4),
                    ("839493.BJ", 98.16),
                ],
            ),
        ] {
            for (code, close) in rows {
                bars += &stock_row(code, day, close);
            }
        }
        bars += "510300.SH,20250205,3.901,3.92,3.89,3.91,3.9,0.01,0.2564,1000,391.5\n";
        bars += "000001.SH,20250205,3240.1,3260.2,3220.3,3229.4912,3250.6012,-21.11,-0.6494,300,400\n";
        bars += "399001.SZ,20250205,10100.1,10200.2,10000.3,10164.2235,10156.07,8.15,0.0803,300,400\n";
        self.ingest("market.csv", bars).await;
        self.ingest(
            "stock_basic.csv",
            "ts_code,symbol,name,area,industry,cnspell,list_status,list_date\n\
             600519.SH,600519,贵州茅台,贵州,白酒,gzmt,L,20010827\n\
             000001.SZ,000001,平安银行,深圳,银行,payh,L,19910403\n\
             300750.SZ,300750,宁德时代,福建,电气设备,ndsd,L,20180611\n\
             688981.SH,688981,中芯国际,上海,半导体,zxgj,L,20200716\n",
        )
        .await;
        self.ingest(
            "candles.csv",
            "symbol,interval,ts,open,high,low,close,volume\n\
             BTCUSDT,1h,2025-02-05T00:00:00Z,97700,98100,97600,98000,1200\n\
             BTCUSDT,1h,2025-02-05T01:00:00Z,98000,98050,97400,97500,900\n\
             BTCUSDT,1h,2025-02-05T02:00:00Z,97500,97900,97450,97800,800\n\
             BTCUSDT,1h,2025-02-05T03:00:00Z,97800,98200,97700,98150,700\n\
             BTCUSDT,1h,2025-02-05T04:00:00Z,98150,98300,98100,98200,100\n",
        )
        .await;
        self.ingest("days_of_coins.csv", days_of_bitcoin()).await;
        self.ingest(
            "coins.json",
            r#"[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":98200,"market_cap":1946000000000,
                 "total_volume":51000000000,"price_change_percentage_24h":0.42,"last_updated":"2025-02-05T04:30:00.000Z"},
                {"id":"ethereum","symbol":"eth","name":"Ethereum","current_price":2780.5,"market_cap":335000000000,
                 "total_volume":30000000000,"price_change_percentage_24h":-1.5,"last_updated":"2025-02-05T04:30:00.000Z"}]"#,
        )
        .await;
        self.ingest(
            "fund_basic.csv",
            "ts_code,name,management,fund_type,list_date,status\n510300.SH,沪深300ETF,华泰柏瑞基金,股票型,20120528,L\n",
        )
        .await;
        self.ingest(
            "trade_cal.csv",
            "exchange,cal_date,is_open,pretrade_date\n\
             SSE,20250124,1,20250123\nSSE,20250125,0,20250124\nSSE,20250126,0,20250124\nSSE,20250127,1,20250124\n\
             SSE,20250128,0,20250127\nSSE,20250204,0,20250127\nSSE,20250205,1,20250127\n",
        )
        .await;
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.client.get(self.url(target)).send().await.unwrap()
    }

    pub(crate) async fn get_with(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(self.url(target));
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn send(&self, method: reqwest::Method, target: &str) -> Response {
        self.client.request(method, self.url(target)).send().await.unwrap()
    }

    /// The body of a 200 as JSON.
    pub(crate) async fn json(&self, target: &str) -> Value {
        let response = self.get(target).await;
        let status = response.status();
        let body = response.text().await.unwrap();
        assert_eq!(status, 200, "{target}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.addr)
    }
}

/// Brings a file into a store, as another process would.
pub(crate) async fn ingest_into(store: Store, folder: &Path, path: &Path) -> Ingested {
    let ingest = FileIngest {
        store,
        kind: None,
        strict: false,
        adjusted: false,
        report_folder: folder.join("reports"),
        wait: std::time::Duration::ZERO,
        now: Timestamp::now,
        progress: Arc::new(Silent),
    };
    match ingest.ingest(path).await.unwrap() {
        Outcome::Ingested(ingested) => ingested,
        Outcome::Unsupported { reason } => panic!("{}: {reason}", path.display()),
    }
}

/// A row whose close of the day before follows from the small market.
fn stock_row(code: &str, day: &str, close: f64) -> String {
    let pre_close = match (code, day) {
        ("600519.SH", "20250205") => 1436.0,
        ("000001.SZ", "20250205") => 11.47,
        ("300750.SZ", "20250205") => 255.0,
        ("688981.SH", "20250205") => 92.0,
        ("839493.BJ", "20250205") => 75.51,
        _ => close,
    };
    let (high, low) = (close.max(pre_close), close.min(pre_close));
    let change = close - pre_close;
    let pct_chg = change / pre_close * 100.0;
    format!(
        "{code},{day},{pre_close},{high},{low},{close},{pre_close},{change:.2},{pct_chg:.4},1000,{}\n",
        close * 100.0
    )
}

/// Sixty days of Bitcoin up to 5 February 2025, on which it is at the small market's price.
fn days_of_bitcoin() -> String {
    let mut rows = "symbol,interval,ts,open,high,low,close,volume\n".to_owned();
    let first: jiff::civil::Date = "2024-12-08".parse().unwrap();
    let mut open = 96_000.0_f64;
    for (number, date) in (0_u32..60).zip(first.series(jiff::ToSpan::day(1))) {
        // A way up and down that repeats after 7 and after 11 days.
        let close = 97_000.0 + 900.0 * f64::from(number * 5 % 7) - 500.0 * f64::from(number * 3 % 11);
        let (high, low) = (open.max(close) + 400.0, open.min(close) - 300.0);
        let volume = 20_000 + number * 1237 % 9000;
        rows += &format!("BTCUSDT,1d,{date}T00:00:00Z,{open},{high},{low},{close},{volume}\n");
        open = close;
    }
    rows
}
