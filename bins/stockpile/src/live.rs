//! `stockpile ingest tushare` and `stockpile ingest crypto`.

use std::{path::Path, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use stockpile_ingest::{
    Backfill, CoinBackfill, CoinFetched, CoinIngest, CoinOptions, CoinStep, Fetched, Ingested, Interface,
    Progress, Silent, Step, SystemClock, Tushare, TushareIngest, TushareOptions, Unit,
};
use stockpile_market::exchange_date;

use crate::{
    cli::{Cli, CryptoArgs, TushareArgs},
    exit::{Exit, Usage},
    output::{say, tell_warnings},
    progress, store, summary,
};

/// How far back candles go when nothing is said.
const CANDLE_DAYS: u64 = 365;

/// What became of a run, as `--json` writes it.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    #[serde(flatten)]
    unit: Option<Unit>,
    #[serde(flatten)]
    outcome: Outcome<'a>,
    /// Rows of securities that no exchange in the store has.
    foreign_rows: u64,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Outcome<'a> {
    Ingested(Box<Rows<'a>>),
    Empty {
        /// Whether it was recorded, so that it is not asked for again.
        #[serde(rename = "final")]
        is_final: bool,
    },
    Failed {
        error: String,
    },
}

/// An [`Ingested`] whose kind is told by the run already.
#[derive(Serialize)]
struct Rows<'a> {
    #[serde(flatten)]
    ingested: &'a Ingested,
}

/// Tells of each run and remembers how the worst one ended.
struct Teller {
    json: bool,
    exit: Exit,
    runs: u64,
}

impl Teller {
    fn new(cli: &Cli) -> Self {
        Self { json: cli.json, exit: Exit::Ok, runs: 0 }
    }

    fn tell(&mut self, name: &str, unit: Option<Unit>, foreign_rows: u64, outcome: Outcome<'_>) {
        self.runs += 1;
        self.exit = self.exit.max(match &outcome {
            Outcome::Ingested(rows) if rows.ingested.rows.rejected > 0 => Exit::RowsRejected,
            Outcome::Failed { .. } => Exit::Failed,
            _ => Exit::Ok,
        });
        let line = if self.json {
            serde_json::to_string(&Line { name, unit, outcome, foreign_rows }).unwrap_or_default()
        } else {
            match outcome {
                Outcome::Ingested(rows) => summary::ingested(Path::new(name), rows.ingested),
                Outcome::Empty { is_final: true } => format!("{name}: no row"),
                Outcome::Empty { is_final: false } => {
                    format!("{name}: no row yet; it will be asked for again")
                }
                Outcome::Failed { error } => {
                    eprintln!("error: {name}: {error}");
                    return;
                }
            }
        };
        self.exit = self.exit.max(say(&line));
    }

    /// The end of it: an error that stopped everything, or how it went.
    fn end(self, done: Result<(), stockpile_ingest::Error>) -> Result<Exit> {
        done?;
        if self.runs == 0 && !self.json {
            return Ok(self.exit.max(say("everything is there already")));
        }
        Ok(self.exit)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn watched(cli: &Cli) -> Arc<dyn Progress> {
    if cli.json { Arc::new(Silent) } else { progress::for_terminal() }
}

/// Fetches what the store lacks of a span of days.
pub(crate) async fn tushare(cli: &Cli, args: &TushareArgs) -> Result<Exit> {
    let settings = store::settings(cli)?;
    let account = &settings.providers.tushare;
    let Some(token) = account.token.clone() else {
        let advice = "TUSHARE_TOKEN is not set; write the token of your account at tushare.pro into .env";
        return Err(Usage(advice.to_owned()).into());
    };
    let today = exchange_date(Timestamp::now().as_second());
    let to = args.to.unwrap_or(today);
    if args.from > to {
        return Err(Usage(format!("--from {} lies behind --to {to}", args.from)).into());
    }
    let interfaces = if args.kinds.is_empty() { Interface::ALL.to_vec() } else { args.kinds.clone() };
    let backfill = Backfill { from: args.from, to, interfaces, again: args.again };
    let mut options = TushareOptions::new(account.url.clone(), token);
    options.calls_a_minute = account.calls_per_minute;
    let source = Tushare::new(options, Arc::new(SystemClock::new()))?;
    let opened = store::open(cli).await?;
    tell_warnings();
    let reports = report_folder(args.report_folder.as_ref(), &opened.folder);
    let ingest = TushareIngest::new(source, opened.store, reports).waiting(args.wait);
    let mut teller = Teller::new(cli);
    let mut hear = |step: Step| {
        let Step { unit, name, foreign, fetched } = step;
        let outcome = match &fetched {
            Fetched::Ingested(ingested) => Outcome::Ingested(Box::new(Rows { ingested })),
            Fetched::Empty { is_final } => Outcome::Empty { is_final: *is_final },
            Fetched::Failed(error) => Outcome::Failed { error: chain(error) },
        };
        teller.tell(&name, Some(unit), foreign, outcome);
    };
    let done = ingest.run(&backfill, &*watched(cli), &mut hear).await;
    teller.end(done)
}

/// Fetches prices of coins, and the candles that the store lacks.
pub(crate) async fn crypto(cli: &Cli, args: &CryptoArgs) -> Result<Exit> {
    let settings = store::settings(cli)?;
    let coins = &settings.providers.coins;
    let now = Timestamp::now();
    let from = match args.from {
        Some(day) => day.civil().to_zoned(TimeZone::UTC)?.timestamp(),
        None => now - Duration::from_secs(CANDLE_DAYS * 86_400),
    };
    let backfill = CoinBackfill {
        pairs: args.symbols.iter().map(|symbol| pair(symbol)).collect(),
        intervals: args.interval.clone(),
        from,
        prices: !args.candles_only,
    };
    let mut options = CoinOptions::new(coins.coingecko_url.clone(), coins.binance_url.clone());
    options.api_key.clone_from(&coins.coingecko_api_key);
    let opened = store::open(cli).await?;
    tell_warnings();
    let reports = report_folder(args.report_folder.as_ref(), &opened.folder);
    let ingest =
        CoinIngest::new(&options, Arc::new(SystemClock::new()), opened.store, reports)?.waiting(args.wait);
    let mut teller = Teller::new(cli);
    let mut hear = |CoinStep { name, fetched }: CoinStep| {
        let outcome = match &fetched {
            CoinFetched::Ingested(ingested) => Outcome::Ingested(Box::new(Rows { ingested })),
            CoinFetched::Empty => Outcome::Empty { is_final: true },
            CoinFetched::Failed(error) => Outcome::Failed { error: chain(error) },
        };
        teller.tell(&name, None, 0, outcome);
    };
    let done = ingest.run(&backfill, &*watched(cli), &mut hear).await;
    teller.end(done)
}

/// The pair of a ticker against the dollar coin that most pairs have; a pair stays what it is.
fn pair(symbol: &str) -> String {
    const QUOTE: &str = "USDT";
    let symbol = symbol.to_uppercase();
    if symbol.len() > QUOTE.len() && symbol.ends_with(QUOTE) { symbol } else { symbol + QUOTE }
}

fn report_folder(named: Option<&PathBuf>, beside_store: &Path) -> PathBuf {
    named.cloned().unwrap_or_else(|| beside_store.join("reports"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_is_paired_with_the_dollar_coin() {
        assert_eq!(["btc", "ETHUSDT", "usdt"].map(pair), ["BTCUSDT", "ETHUSDT", "USDTUSDT"]);
    }
}
