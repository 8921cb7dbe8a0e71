//! Real files, when `MARKET_DATA_DIR` names a folder that has them.

use std::path::PathBuf;

use jiff::Timestamp;
use stockpile_ingest::{FileKind, Ingested, Outcome};
use stockpile_market::BarFreq;
use stockpile_storage::RowCounts;

use crate::desk::Desk;

async fn ingest(desk: &Desk, name: &str) -> Option<Ingested> {
    let Some(folder) = std::env::var_os("MARKET_DATA_DIR").map(PathBuf::from) else {
        eprintln!("skipped: MARKET_DATA_DIR is not set");
        return None;
    };
    match desk.ingest.ingest(&folder.join(name)).await.unwrap() {
        Outcome::Ingested(ingested) => {
            eprintln!("{name}: {:?} in {:.1} s", ingested.rows, ingested.seconds);
            Some(ingested)
        }
        Outcome::Unsupported { reason } => panic!("{name}: {reason}"),
    }
}

const fn all(rows: u64) -> RowCounts {
    RowCounts { read: rows, written: rows, rejected: 0 }
}

#[tokio::test]
async fn series_and_coins() {
    let desk = Desk::new().await;
    for (name, kind, rows) in [
        ("a_bar60_sse50_2025.csv.gz", FileKind::MinuteBars, 6000),
        ("crypto_spot_1d.csv.zst", FileKind::Candles, 22_844),
        ("crypto_perp_1h.csv.zst", FileKind::Candles, 16_000),
        ("coingecko_markets_top5_20240807.json", FileKind::CoinsMarkets, 5),
    ] {
        let Some(ingested) = ingest(&desk, name).await else { return };
        assert_eq!((ingested.kind, ingested.rows), (kind, all(rows)), "{name}");
    }
    let code = "600028.SH".parse().unwrap();
    let bars = desk.store().minute_bars.before(code, BarFreq::Min60, Timestamp::MAX, 500).await.unwrap();
    assert_eq!((bars.len(), bars[0].time.to_string().as_str()), (120, "2025-10-09T02:30:00Z"));
    let candles = &desk.store().candles;
    let days = candles.before("BTCUSDT", "1d".parse().unwrap(), Timestamp::MAX, 9000).await.unwrap();
    assert_eq!(days.len(), 3122);
    assert_eq!(candles.intervals("BTCUSDT").await.unwrap().len(), 2);
    let coins = desk.store().crypto_markets.latest().await.unwrap();
    assert_eq!((coins[0].symbol.as_str(), coins[0].price), ("BTC", Some(56_768.0)));
}

#[cfg(feature = "parquet")]
#[tokio::test]
async fn a_quarter_of_bars_in_parquet() {
    let desk = Desk::new().await;
    let Some(ingested) = ingest(&desk, "a_daily_2022q2.parquet").await else { return };
    assert_eq!((ingested.rows, ingested.bars.stock), (all(280_461), 280_461));
    let span = ingested.days.unwrap();
    assert_eq!((span.0.to_string(), span.1.to_string()), ("20220401".into(), "20220630".into()));
    assert_eq!(ingested.adjusted_days.len(), 59, "every day of it has adjusted prices");
}
