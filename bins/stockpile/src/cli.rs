//! The words of the command line.

mod cache;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use stockpile_ingest::{FileKind, Interface};
use stockpile_market::{Interval, TradeDate};

pub(crate) use self::cache::CacheAction;

/// The operator's command of Stockpile.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, and nothing of what failed is in the store, 2 usage or settings, 4 another ingest \
                  is writing, 8 done but some rows were refused (a report lists them)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The store [default: STORAGE_URL, else sqlite://data/stockpile.db]"
    )]
    pub(crate) storage_url: Option<String>,

    /// Write results as JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read market data into the store
    Ingest {
        #[command(subcommand)]
        source: IngestSource,
    },
    /// Tell what is in the store
    Status,
    /// Look into the cache that the servers share, and delete from it
    #[command(after_help = cache::EXAMPLES)]
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Look at the settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Write a .env with every setting, its meaning and its default
    Init {
        /// Replace one that is there
        #[arg(long)]
        force: bool,
    },
    /// Print the completions of a shell: `stockpile completions bash > /etc/bash_completion.d/stockpile`
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Show every setting in force and where it comes from; secrets are masked
    Show,
    /// Say whether the programs could start with them
    Check,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IngestSource {
    /// Read market data from CSV or JSON files, plain or packed with gzip or zstd, or from Parquet files
    #[command(after_help = "Examples:
  stockpile ingest file a_daily_20250205.csv.gz
  stockpile ingest file stock_basic.csv trade_cal.csv daily/*.parquet
  stockpile ingest file --kind fund_daily --strict odd-codes.csv
  stockpile ingest file coingecko_markets.json

A file is taken whole or not at all; reading it again changes no count.")]
    File(FileArgs),

    /// Fetch what the store lacks of a span of days from Tushare, with the token in the settings
    #[command(after_help = "Examples:
  stockpile ingest tushare --from 20250101
  stockpile ingest tushare --from 2024-01-01 --to 2024-12-31 --kinds daily,adj_factor

Each day of each kind is taken whole or not at all. What is there is not asked for again, so that a stopped one goes on
where it was. A kind that the account may not have is left out.")]
    Tushare(TushareArgs),

    /// Fetch prices of coins from CoinGecko, and candles that the store lacks from Binance
    #[command(after_help = "Examples:
  stockpile ingest crypto
  stockpile ingest crypto --symbols BTC,ETH --interval 1h,1d --from 20240101")]
    Crypto(CryptoArgs),

    /// List the newest runs
    Status {
        /// How many
        #[arg(long, default_value_t = 20, value_name = "COUNT")]
        limit: u32,
    },

    /// Mark runs as failed whose process was killed, and count the bars of every day again
    Repair,

    /// Report missing, incomplete and adjusted days, bars without what belongs to them, and gaps between candles
    #[command(after_help = "\
With --json there is a line for each kind of bars, then one for each pair and interval that lacks candles.
It reads the codes and days of whole tables, which takes seconds.")]
    Check,
}

#[derive(Args, Debug)]
pub(crate) struct FileArgs {
    /// Files to read
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// What the rows are, when header and codes do not tell
    #[arg(long, value_parser = kind, value_name = "KIND")]
    pub(crate) kind: Option<FileKind>,

    /// The source has adjusted the prices: mark every stock and ETF bar so, even one on the tick
    #[arg(long)]
    pub(crate) adjusted: bool,

    /// Refuse a whole file for one bad row
    #[arg(long)]
    pub(crate) strict: bool,

    /// How long another ingest that writes to the store is waited for
    #[arg(long, default_value = "0", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) wait: Duration,

    /// Folder for the lists of refused rows [default: `reports` beside the store]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) report_folder: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct TushareArgs {
    /// First day
    #[arg(long, value_name = "DATE")]
    pub(crate) from: TradeDate,

    /// Last day [default: today at the exchange]
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<TradeDate>,

    /// Interfaces, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_parser = interface, value_name = "KINDS")]
    pub(crate) kinds: Vec<Interface>,

    /// Fetch what is there already, too
    #[arg(long)]
    pub(crate) again: bool,

    /// How long another ingest that writes to the store is waited for
    #[arg(long, default_value = "90", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) wait: Duration,

    /// Folder for the lists of refused rows [default: `reports` beside the store]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) report_folder: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct CryptoArgs {
    /// Tickers, or pairs such as BTCUSDT, whose candles are fetched
    #[arg(long, value_delimiter = ',', default_value = "BTC,ETH,SOL,ADA,XRP", value_name = "SYMBOLS")]
    pub(crate) symbols: Vec<String>,

    /// How much time a candle covers: 1m to 1w
    #[arg(long, value_delimiter = ',', default_value = "1h", value_parser = interval, value_name = "INTERVALS")]
    pub(crate) interval: Vec<Interval>,

    /// Day of the first candle, UTC [default: a year ago]
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<TradeDate>,

    /// Leave the prices out
    #[arg(long)]
    pub(crate) candles_only: bool,

    /// How long another ingest that writes to the store is waited for
    #[arg(long, default_value = "90", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) wait: Duration,

    /// Folder for the lists of refused rows [default: `reports` beside the store]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) report_folder: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}

fn interface(name: &str) -> Result<Interface, String> {
    name.parse()
}

fn interval(name: &str) -> Result<Interval, stockpile_market::Error> {
    name.parse()
}

fn kind(name: &str) -> Result<FileKind, String> {
    name.parse()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
