//! Why something was not ingested. Nothing of it is in the store then.

use std::{error::Error as StdError, io, path::PathBuf, time::Duration};

use stockpile_market::TradeDate;

use crate::FileKind;

/// Why a file, the answer of a source or the demo market was not ingested. Nothing of it is in the store then.
///
/// What is called a path is, of a source that is no file, what was asked of it, such as `tushare daily 20250205`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },

    /// The path is a folder.
    #[error("`{}` is a folder; name the files in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },

    /// The file has no byte in it, packed or not.
    #[error("`{}` is empty; a file starts with a header line", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },

    /// The packed data ends early or is damaged.
    #[error("`{}` is damaged or cut off after line {line}; fetch it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The last line that could be read.
        line: u64,
        /// What the decoder reported.
        source: io::Error,
    },

    /// A line is longer than any row can be.
    #[error("`{}`, line {line}: longer than {limit} bytes; is this a CSV file?", path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Bytes a line may have.
        limit: usize,
    },

    /// The file is text, but not in UTF-8.
    #[error("`{}`, line {line}: not UTF-8 text; convert the file first", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },

    /// The header lacks columns that the kind has.
    #[error("`{}`: a `{kind}` file needs the column(s) {}", path.display(), missing.join(", "))]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The kind, as named or recognised.
        kind: FileKind,
        /// The columns that are not there.
        missing: Vec<String>,
    },

    /// The header names a column twice.
    #[error("`{}`: the column `{column}` stands there twice", path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },

    /// A column of a Parquet file holds something else than its kind needs.
    #[error("`{}`: the column `{column}` holds {found}; it must hold {expected}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type, as Arrow names it.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },

    /// A Parquet file is packed in a way that is not built in.
    #[error("`{}` is packed with {codec}, which is not read; write it with zstd or snappy", path.display())]
    Codec {
        /// The file.
        path: PathBuf,
        /// The codec.
        codec: String,
    },

    /// A JSON file is not an array of objects.
    #[error("`{}` is no array of JSON objects, from object {object} on", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The first object that cannot be read, counted from 1.
        object: u64,
        /// What the parser reported.
        source: serde_json::Error,
    },

    /// A row shows that the file is not what it seems, so that no row of it can be trusted.
    #[error("`{}`, line {line}: {reason}", path.display())]
    Unclear {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What it shows and what to do.
        reason: String,
    },

    /// A row is bad and the caller asked for none.
    #[error("`{}`, line {line}: {reason}; a strict ingest takes no file with a bad row", path.display())]
    Strict {
        /// The file.
        path: PathBuf,
        /// The first bad line.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },

    /// Every row is bad.
    #[error("`{}` has no usable row; the first, line {line}: {reason}; all are listed in {}", path.display(), report.display())]
    NoUsableRow {
        /// The file.
        path: PathBuf,
        /// The first bad line.
        line: u64,
        /// What is wrong with it.
        reason: String,
        /// The list of all of them.
        report: PathBuf,
    },

    /// The report of refused rows cannot be written.
    #[error("the report `{}` cannot be written", path.display())]
    Report {
        /// The report.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },

    /// The store refused.
    #[error("`{}` could not be stored", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What the store reported.
        source: stockpile_storage::Error,
    },

    /// The store refused the demo market.
    #[error("the demo market could not be stored")]
    StoreDemo {
        /// What the store reported.
        source: stockpile_storage::Error,
    },

    /// No connection to a source can be made from here, whoever it is.
    #[error("{service} cannot be asked from this machine")]
    Connection {
        /// The source.
        service: &'static str,
        /// What is missing.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A source cannot be reached, or dropped the connection.
    #[error("{service} cannot be reached, or dropped the connection; check the network and its address")]
    Unreachable {
        /// The source.
        service: &'static str,
        /// What the system reported.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A source is too slow.
    #[error("{service} did not answer in time")]
    TimedOut {
        /// The source.
        service: &'static str,
        /// What the client reported.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A source is out of order for now, as it says itself.
    #[error("{service} is out of order, asked for `{asked}`: {message}")]
    OutOfOrder {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// What it said.
        message: String,
    },

    /// The answer is none that the source gives.
    #[error("what answered for {service}, asked for `{asked}`, is not {service}: {reason}")]
    Answer {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// What is wrong with it, and where.
        reason: String,
    },

    /// The answer ends too early.
    #[error("the answer of {service} to `{asked}` is cut off: {reason}")]
    CutOff {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// Where it ends.
        reason: String,
    },

    /// The answer lacks columns that were asked for.
    #[error("the answer of {service} to `{asked}` lacks the column(s) {}", missing.join(", "))]
    AnswerColumns {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// The columns that are not there.
        missing: Vec<String>,
    },

    /// A further page of an answer has a row that an earlier one had: pages are not what they should be.
    #[error(
        "{service} gives the same row on two pages of `{asked}`, from row {row} on; nothing of it was taken"
    )]
    RepeatedPage {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// The row that was there before, counted from 1.
        row: usize,
    },

    /// The source does not know the account.
    #[error("{service} refuses the account: {message}; set {variable} to its token or key")]
    Token {
        /// The source.
        service: &'static str,
        /// The setting that holds it.
        variable: &'static str,
        /// What it said.
        message: String,
    },

    /// The account may not ask for this.
    #[error("{service} does not let this account have `{asked}`: {message}")]
    Permission {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// What it said.
        message: String,
    },

    /// The account has asked too often.
    #[error("{service} has been asked for `{asked}` too often{}: {message}", waiting(*wait))]
    TooOften {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// Calls it allows a minute, when it says so.
        per_minute: Option<u32>,
        /// How long it wants to be left alone, when that is known.
        wait: Option<Duration>,
        /// What it said.
        message: String,
    },

    /// The source refuses for a reason of its own.
    #[error("{service} refuses `{asked}` with code {code}: {message}")]
    Refused {
        /// The source.
        service: &'static str,
        /// What was asked.
        asked: String,
        /// Its number for the reason.
        code: i64,
        /// What it said.
        message: String,
    },

    /// The trading calendar does not say which days are open.
    #[error("{service} gives no trading calendar from {first} to {last}; without it no day can be fetched")]
    NoCalendar {
        /// The source.
        service: &'static str,
        /// First day asked for.
        first: TradeDate,
        /// Last day asked for.
        last: TradeDate,
    },

    /// The store cannot be asked what is in it.
    #[error("the store cannot be asked what it has")]
    AskStore {
        /// What the store reported.
        source: stockpile_storage::Error,
    },

    /// The demo market stopped half way: a defect of this program.
    #[error("the demo market could not be generated; please report this")]
    Demo {
        /// What the task reported.
        source: tokio::task::JoinError,
    },
}

impl Error {
    /// Whether the same question may be answered a moment later without anybody's help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::OutOfOrder { .. } | Self::CutOff { .. }
        )
    }
}

impl Error {
    /// The kind of failure in a word, for whoever may not see the whole message.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Connection { .. } | Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::Answer { .. }
            | Self::CutOff { .. }
            | Self::AnswerColumns { .. }
            | Self::RepeatedPage { .. }
            | Self::NoCalendar { .. } => "bad_answer",
            Self::Token { .. } => "bad_token",
            Self::Permission { .. } => "no_permission",
            Self::TooOften { .. } => "too_often",
            Self::Refused { .. } => "refused",
            Self::Store { .. } | Self::StoreDemo { .. } | Self::AskStore { .. } => "store",
            Self::Report { .. } => "report",
            _ => "bad_rows",
        }
    }
}

fn waiting(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(", wait {} s", wait.as_secs()))
}

/// The result of ingesting.
pub type Result<T, E = Error> = std::result::Result<T, E>;
