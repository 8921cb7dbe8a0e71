//! The kinds beside bars and facts: recognised by their headers, checked, read back.

use jiff::Timestamp;
use stockpile_ingest::{Error, FileKind};
use stockpile_market::{BarFreq, SecurityKind, SuspendType};
use stockpile_storage::RowCounts;

use crate::desk::{Desk, GOOD, HEADER};

const BARS60: &str = "ts_code,trade_time,open,high,low,close,vol\n";
const CANDLES: &str = "symbol,interval,ts,open,high,low,close,volume,quote_volume\n";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn valuations_are_read_with_what_the_source_lacks_as_null() {
    let desk = Desk::new().await;
    let ingested = desk
        .ingest(
            "daily_basic.csv",
            "ts_code,trade_date,close,turnover_rate,turnover_rate_f,volume_ratio,pe,pe_ttm,pb,ps,ps_ttm,dv_ratio,\
             dv_ttm,total_share,float_share,free_share,total_mv,circ_mv\n\
             000001.SZ,20250205,11.37,0.4346,0.9,1.2,4.75,,0.51,1.3,1.4,6.3,6.4,1940591.8,1940560.0,815000.0,22064529.0,22064167.0\n\
             600519.SH,20250205,1430,-1,,,,,,,,,,,,,,\n",
        )
        .await;
    assert_eq!((ingested.kind, ingested.rows.written, ingested.rows.rejected), (FileKind::DailyBasic, 1, 1));
    assert_eq!(ingested.ignored_columns, [""; 0]);
    let basic = desk.store().basics.latest("000001.SZ".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((basic.pe_ttm, basic.pe, basic.circ_mv), (None, Some(4.75), Some(22_064_167.0)));
    assert_eq!((basic.free_share, basic.dv_ttm, basic.close), (Some(815_000.0), Some(6.4), Some(11.37)));
}

#[tokio::test]
async fn limits_and_suspensions_are_read_by_day() {
    let desk = Desk::new().await;
    let limits = desk
        .ingest(
            "stk_limit.csv",
            "trade_date,ts_code,pre_close,up_limit,down_limit\n20250205,000001.SZ,11.47,12.62,10.32\n\
             20250205,000002.SZ,7,6.3,7.7\n20250205,000003.SZ,7,7.7,\n",
        )
        .await;
    assert_eq!((limits.kind, limits.rows.written, limits.rows.rejected), (FileKind::StkLimit, 1, 2));
    let report = Desk::report(&limits);
    assert_eq!((report[0][1].as_str(), report[1][1].as_str()), ("up_limit", "down_limit"));
    let day = "20250205".parse().unwrap();
    assert_eq!(desk.store().price_limits.on(day).await.unwrap()[0].up_limit.to_bits(), 12.62_f64.to_bits());

    let suspensions = desk
        .ingest(
            "suspend_d.csv",
            "ts_code,trade_date,suspend_timing,suspend_type\n000001.SZ,20250205,,S\n\
             000002.SZ,20250205,09:30-10:00,R\n000003.SZ,20250205,,X\n000001.SZ,20250205,,S\n",
        )
        .await;
    assert_eq!(suspensions.rows, RowCounts { read: 4, written: 2, rejected: 2 });
    let rows = desk.store().suspensions.on(day).await.unwrap();
    assert_eq!((rows[0].suspend_type, rows[0].suspend_timing.as_deref()), (SuspendType::Suspended, None));
    assert_eq!(rows[1].suspend_timing.as_deref(), Some("09:30-10:00"));
}

#[tokio::test]
async fn hourly_bars_end_at_exchange_time() {
    let desk = Desk::new().await;
    let text = format!("{BARS60}600028.SH,2025-10-09 10:30:00,5.29,5.32,5.27,5.31,438429\n");
    let ingested = desk.ingest("bars60.csv", &text).await;
    assert_eq!(ingested.kind, FileKind::MinuteBars);
    assert_eq!(ingested.days, Some(("20251009".parse().unwrap(), "20251009".parse().unwrap())));
    let code = "600028.SH".parse().unwrap();
    let bars = desk.store().minute_bars.before(code, BarFreq::Min60, Timestamp::MAX, 9).await.unwrap();
    assert_eq!((bars[0].time, bars[0].vol), (time("2025-10-09T02:30:00Z"), Some(438_429.0)));
    assert_eq!(bars[0].amount, None);
}

#[tokio::test]
async fn bars_of_another_length_need_a_column_that_says_so() {
    let desk = Desk::new().await;
    let rows = "600028.SH,2025-10-09 10:30:00,5,5,5,5,1\n600028.SH,2025-10-09 10:35:00,5,5,5,5,1\n";
    let error = desk.try_ingest("bars5.csv", BARS60.to_owned() + rows).await.unwrap_err();
    assert!(matches!(error, Error::Unclear { line: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("freq"), "{error}");
    let code = "600028.SH".parse().unwrap();
    assert_eq!(desk.store().minute_bars.freqs(code).await.unwrap(), [], "nothing of the file is in");

    let text = BARS60.replace('\n', ",freq\n") + &rows.replace('\n', ",5min\n");
    assert_eq!(desk.ingest("bars5.csv", text).await.rows.written, 2);
    assert_eq!(desk.store().minute_bars.freqs(code).await.unwrap(), [BarFreq::Min5]);
}

#[tokio::test]
async fn tushares_minutes_are_shares_and_cny_and_mistaken_units_are_named() {
    let mut desk = Desk::new().await;
    let header = BARS60.replace('\n', ",amount\n");
    let shares = format!("{header}600028.SH,2025-10-09 10:30:00,5,6,5,5,120000,600000\n");
    let ingested = desk.ingest("stk_mins.csv", &shares).await;
    assert_eq!(ingested.kind, FileKind::StkMins);
    let code = "600028.SH".parse().unwrap();
    let bars = desk.store().minute_bars.before(code, BarFreq::Min60, Timestamp::MAX, 9).await.unwrap();
    assert_eq!((bars[0].vol, bars[0].amount), (Some(1200.0), Some(600.0)), "lots and thousand CNY");

    let lots = format!("{header}600028.SH,2025-10-09 11:30:00,5,6,5,5,1200,600\n");
    let error = desk.try_ingest("lots.csv", &lots).await.unwrap_err();
    assert!(error.to_string().contains("--kind minute_bars"), "{error}");
    desk.ingest.kind = Some(FileKind::MinuteBars);
    assert_eq!(desk.ingest("lots.csv", &lots).await.rows.written, 1);
    assert!(desk.try_ingest("shares.csv", &shares).await.is_err());
}

#[tokio::test]
async fn candles_open_in_utc_and_keep_to_their_prices() {
    let desk = Desk::new().await;
    let text = format!(
        "{CANDLES}btcusdt,1h,2025-09-11T08:00:00Z,10,12,9,11,3.5,38\nBTCUSDT,1h,1757581200000,11,12,9,11,3.5,\n\
         BTCUSDT,2d,2025-09-11T08:00:00Z,10,12,9,11,3.5,38\nBTCUSDT,1h,2025-09-11T10:00:00Z,10,9,12,11,3.5,38\n\
         BTCUSDT,1h,2025-09-11T11:00:00Z,10,12,9,13,3.5,38\nBTCUSDT,1h,later,10,12,9,11,3.5,38\n\
         BTC USDT,1h,2025-09-11T12:00:00Z,10,12,9,11,3.5,38\nBTCUSDT,1h,2025-09-11T08:00:00Z,1,1,1,1,1,1\n"
    );
    let ingested = desk.ingest("candles.csv", text).await;
    assert_eq!((ingested.kind, ingested.rows.written), (FileKind::Candles, 2));
    let columns: Vec<String> = Desk::report(&ingested).into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(columns, ["interval", "high", "close", "ts", "symbol", ""]);
    let candles =
        desk.store().candles.before("BTCUSDT", "1h".parse().unwrap(), Timestamp::MAX, 9).await.unwrap();
    assert_eq!(
        candles.iter().map(|candle| candle.time).collect::<Vec<_>>(),
        [time("2025-09-11T08:00:00Z"), time("2025-09-11T09:00:00Z")]
    );
    assert_eq!((candles[0].close.to_bits(), candles[1].quote_volume), (11.0_f64.to_bits(), None));
}

#[tokio::test]
async fn coins_are_read_from_a_json_array() {
    let desk = Desk::new().await;
    let coin = |id: &str, price: &str| {
        format!(
            r#"{{"id":"{id}","symbol":"btc","name":"Bitcoin, \"the\" coin","image":null,"roi":{{"times":1}},
            "current_price":{price},"market_cap":1125417792623,"total_volume":null,
            "price_change_percentage_24h":-1.25,"last_updated":"2024-08-07T06:19:55.700Z"}}"#
        )
    };
    let text = format!("\n[ {},\n{} ]\n", coin("bitcoin", "56768"), coin("other", "\"dear\""));
    let ingested = desk.ingest("markets.json", &text).await;
    assert_eq!(ingested.kind, FileKind::CoinsMarkets);
    assert_eq!(ingested.rows, RowCounts { read: 2, written: 1, rejected: 1 });
    assert_eq!(ingested.ignored_columns, [""; 0]);
    let report = Desk::report(&ingested);
    assert_eq!((report[0][0].as_str(), report[0][1].as_str()), ("2", "current_price"));
    let coins = desk.store().crypto_markets.latest().await.unwrap();
    assert_eq!((coins[0].symbol.as_str(), coins[0].price, coins[0].volume_24h), ("BTC", Some(56768.0), None));
    assert_eq!(coins[0].name.as_deref(), Some("Bitcoin, \"the\" coin"));
    assert_eq!(coins[0].last_updated, time("2024-08-07T06:19:55.700Z"));

    for (cut, object) in [(text.len() - 30, 2), (40, 1), (text.trim_end().len() - 1, 3)] {
        let error = desk.try_ingest("cut.json", &text[..cut]).await.unwrap_err();
        assert!(matches!(&error, Error::Json { object: at, .. } if *at == object), "{error:?}");
    }
    let error = desk.try_ingest("mixed.json", format!("[{},7]", coin("a", "1"))).await.unwrap_err();
    assert!(error.to_string().contains("object 2"), "{error}");
    let endless = format!("[{{\"id\":\"{}", "x".repeat(4 << 20));
    assert!(matches!(desk.try_ingest("endless.json", endless).await, Err(Error::Json { object: 1, .. })));
}

#[tokio::test]
async fn a_file_may_be_declared_adjusted() {
    let mut desk = Desk::new().await;
    desk.ingest.adjusted = true;
    let ingested = desk.ingest("daily.csv", HEADER.to_owned() + GOOD).await;
    assert_eq!(ingested.adjusted_days, ["20250205".parse().unwrap()]);
    desk.ingest.adjusted = false;
    assert!(desk.ingest("daily.csv", HEADER.to_owned() + GOOD).await.adjusted_days.is_empty());
    assert_eq!(desk.store().bars.day_counts(SecurityKind::Stock).await.unwrap()[0].adjusted, 0);
}
