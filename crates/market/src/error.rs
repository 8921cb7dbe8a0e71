//! What makes a market value invalid.

use crate::TradeDate;

/// Why a text or a number is not a valid market value, or a series cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a security code.
    #[error("`{0}` is not a security code; write six digits and an exchange, such as `600519.SH`")]
    Code(String),

    /// The text is not a calendar date.
    #[error("`{0}` is not a date; write `YYYYMMDD` or `YYYY-MM-DD`")]
    Date(String),

    /// The text is not a mode of adjustment.
    #[error("`{0}` is not an adjustment; write `none`, `qfq` or `hfq`")]
    Adjust(String),

    /// The text is not a listing status.
    #[error("`{0}` is not a listing status; write `L`, `D`, `P` or `I`")]
    ListStatus(String),

    /// The text is not the interval of a candle.
    #[error("`{0}` is not an interval; write `1m` to `1w`, such as `1h` or `1d`")]
    Interval(String),

    /// The text is not the frequency of a bar.
    #[error("`{0}` is not a frequency; write `1min`, `5min`, `15min`, `30min` or `60min`")]
    BarFreq(String),

    /// The text is not a type of suspension.
    #[error("`{0}` is not a type of suspension; write `S` or `R`")]
    SuspendType(String),

    /// A series that holds one value a day holds two for this one.
    #[error("`{0}` has two values; keep one a day")]
    DuplicateDay(TradeDate),

    /// An adjustment factor is not a positive finite number.
    #[error("adjustment factor `{factor}` of `{date}` is not a positive number; ingest the factors again")]
    Factor {
        /// Day of the factor.
        date: TradeDate,
        /// Its value as text, dimensionless.
        factor: String,
    },

    /// The security has no adjustment factor at all.
    #[error("there are no adjustment factors; ingest them or ask for `none`")]
    NoFactors,

    /// A bar is older than the first adjustment factor.
    #[error("`{date}` has no adjustment factor; the first is of `{first}`, so start there or ask for `none`")]
    BeforeFirstFactor {
        /// Day of the bar.
        date: TradeDate,
        /// First day with a factor.
        first: TradeDate,
    },
}

/// The result of reading a market value.
pub type Result<T> = std::result::Result<T, Error>;
