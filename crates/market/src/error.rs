//! What makes a market value invalid.

/// Why a text or a number is not a valid market value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a security code.
    #[error("`{0}` is not a security code; write six digits and an exchange, such as `600519.SH`")]
    Code(String),

    /// The text is not a calendar date.
    #[error("`{0}` is not a date; write `YYYYMMDD` or `YYYY-MM-DD`")]
    Date(String),
}

/// The result of reading a market value.
pub type Result<T> = std::result::Result<T, Error>;
