//! Promises about text: what looks like syntax, or like something else, stays what it is.

use jiff::Timestamp;
use stockpile_market::{Candle, CryptoMarket, Security, SecurityKind, SuspendType, Suspension};

use super::{code, date, numbered, start};
use crate::{Error, NewRun, RowCounts, Store};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Texts that a careless store cuts, escapes, folds or runs.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        " leading and trailing ",
        "平安银行",
        "𠮷野家", // four bytes
        "👩‍👩‍👧‍👦 family",
        "\u{202e}right to left\u{202c} שלום مرحبا",
        "e\u{301} and é",
        "it's \"quoted\" `thrice` ''twice''",
        "'; DROP TABLE security; --",
        r"back\slash \n \t \0 \N \x00 \\",
        "tab\tline\nfeed\rreturn\u{b}vertical\u{1f}unit\u{7f}delete",
        "NULL",
        r"\N",
        "ᴺᵁᴸᴸ",
        "50%_off $1 ?1 :name @x {braces} [brackets] {{twice}}",
        "\u{feff}mark of order",
        "\u{fffd}\u{ffff}\u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("长".repeat(20_000));
    texts
}

fn coin(id: &str, symbol: &str, name: Option<&str>) -> CryptoMarket {
    CryptoMarket {
        id: id.into(),
        symbol: symbol.into(),
        name: name.map(str::to_owned),
        price: Some(1.0),
        market_cap: None,
        volume_24h: None,
        change_24h: None,
        last_updated: NOW,
    }
}

fn candle(symbol: &str) -> Candle {
    Candle {
        symbol: symbol.into(),
        interval: "1h".parse().unwrap(),
        time: NOW,
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: None,
        quote_volume: None,
    }
}

pub async fn texts_of_securities_are_kept_as_they_are(store: &Store) {
    let securities: Vec<Security> = hostile()
        .into_iter()
        .zip(1..)
        .map(|(text, number)| Security {
            name: Some(text.clone()),
            area: Some(text.chars().rev().collect()),
            industry: Some(format!("{text}{text}")),
            cnspell: Some(text),
            ..Security::unknown(code(&format!("{number:06}.SZ")), SecurityKind::Stock)
        })
        .chain([Security::unknown(code("999999.SZ"), SecurityKind::Stock)])
        .collect();
    let mut run = start(store).await;
    run.write_securities(numbered(securities.clone())).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(store.securities.all().await.unwrap(), securities);
}

pub async fn texts_of_keys_are_kept_as_they_are(store: &Store) {
    let texts = hostile();
    let texts: Vec<&str> = texts.iter().map(String::as_str).filter(|text| text.len() < 1000).collect();
    let mut run = start(store).await;
    assert_eq!(run.write_candles(numbered(texts.iter().map(|text| candle(text)))).await.unwrap(), []);
    let coins = numbered(texts.iter().map(|text| coin(text, text, Some(text))));
    assert_eq!(run.write_crypto_markets(coins).await.unwrap(), []);
    run.commit(RowCounts::default(), NOW).await.unwrap();
    let later = NOW + jiff::SignedDuration::from_secs(1);
    for text in &texts {
        let read = store.candles.before(text, "1h".parse().unwrap(), later, 9).await.unwrap();
        assert_eq!(read, [candle(text)], "{text:?}");
        let read = store.crypto_markets.latest_of(&[(*text).to_owned()]).await.unwrap();
        assert_eq!(read, [coin(text, text, Some(text))], "{text:?}");
    }
    let mut sorted = texts;
    sorted.sort_unstable();
    let latest = store.crypto_markets.latest().await.unwrap();
    assert_eq!(latest.iter().map(|coin| coin.id.as_str()).collect::<Vec<_>>(), sorted, "by byte");
}

pub async fn keys_that_look_alike_are_apart(store: &Store) {
    let ids = ["Bitcoin", "bitcoin", "bitcoin ", "bitco\u{131}n", "bitcoi\u{301}n", "bitco\u{ed}n"];
    let mut run = start(store).await;
    let coins = numbered(ids.map(|id| coin(id, "BTC", None)));
    assert_eq!(run.write_crypto_markets(coins).await.unwrap(), []);
    assert_eq!(run.write_candles(numbered(ids.map(candle))).await.unwrap(), []);
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(store.crypto_markets.latest().await.unwrap().len(), ids.len());
    assert_eq!(store.crypto_markets.latest_of(&["btc".into()]).await.unwrap(), []);
    assert_eq!(store.candles.intervals("BITCOIN").await.unwrap(), []);
}

pub async fn texts_of_runs_and_suspensions_are_kept_as_they_are(store: &Store) {
    let texts = hostile();
    for text in &texts {
        let run = NewRun { source: text.clone(), kind: text.clone(), started_at: NOW };
        let run = store.ingest.start(run).await.unwrap();
        run.abandon(RowCounts::default(), NOW, text).await.unwrap();
    }
    let runs = store.ingest.latest(u32::MAX).await.unwrap();
    let read: Vec<_> = runs.iter().rev().map(|run| (&run.source, &run.kind, run.error.as_ref())).collect();
    assert_eq!(read, texts.iter().map(|text| (text, text, Some(text))).collect::<Vec<_>>());

    let suspensions: Vec<Suspension> = texts
        .into_iter()
        .zip(1..)
        .map(|(text, number)| Suspension {
            ts_code: code(&format!("{number:06}.SZ")),
            trade_date: date("20250205"),
            suspend_timing: Some(text),
            suspend_type: SuspendType::Suspended,
        })
        .collect();
    let mut run = start(store).await;
    run.write_suspensions(numbered(suspensions.clone())).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(store.suspensions.on(date("20250205")).await.unwrap(), suspensions);
}

/// One engine would cut the text there and the next refuse it.
pub async fn a_nul_is_refused_before_anything_is_written(store: &Store) {
    let named = |name: &str| Security {
        name: Some(name.into()),
        ..Security::unknown(code("000001.SZ"), SecurityKind::Stock)
    };
    let mut run = start(store).await;
    let refused = run.write_securities(numbered([named("good"), named("a\0b")])).await.unwrap_err();
    assert!(matches!(refused, Error::Unstorable { what: "name", .. }), "{refused}");
    run.abandon(RowCounts::default(), NOW, "it holds \0").await.unwrap();
    assert_eq!(store.securities.all().await.unwrap(), []);

    let mut run = start(store).await;
    assert!(matches!(run.write_candles(numbered([candle("\0")])).await, Err(Error::Unstorable { .. })));
    drop(run);
    let mut run = start(store).await;
    let refused = run.write_crypto_markets(numbered([coin("b\0", "B", None)])).await;
    assert!(matches!(refused, Err(Error::Unstorable { what: "id", .. })));
    drop(run);
    // Asked for, it is nowhere.
    assert_eq!(store.candles.intervals("\0").await.unwrap(), []);
    assert_eq!(store.crypto_markets.latest_of(&["\0".into()]).await.unwrap(), []);
}
