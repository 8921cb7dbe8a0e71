//! How long a cached answer counts as fresh, in seconds by family of keys.
//!
//! | variable | default | family |
//! |---|---|---|
//! | `CACHE_TTL_QUOTE` | 60 | latest quote |
//! | `CACHE_TTL_DAILY` | 86400 | bars of closed days |
//! | `CACHE_TTL_DAILY_LIVE` | 60 | bars with the current day among them |
//! | `CACHE_TTL_BASIC` | 3600 | facts of a security |
//! | `CACHE_TTL_OVERVIEW` | 300 | lists and statistics of a closed day |
//! | `CACHE_TTL_OVERVIEW_LIVE` | 60 | the same of the current day |
//! | `CACHE_TTL_WORKFLOW` | 300 | workflows |
//! | `CACHE_TTL_SESSION` | 1800 | copy of a session, sliding |
//! | `CACHE_TTL_CRYPTO_PRICES` | 30 | crypto prices |
//! | `CACHE_TTL_CRYPTO_HEALTH` | 600 | token health |
//! | `CACHE_TTL_CRYPTO_PREDICTION` | 3600 | forecasts |
//! | `CACHE_TTL_CRYPTO_DASHBOARD` | 60 | dashboard |
//! | `CACHE_TTL_CRYPTO_OHLCV` | 300 | candles |

use std::time::Duration;

use crate::reader::Reader;

const YEAR: u64 = 31_536_000;

/// How long a cached answer counts as fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// Latest quote. `CACHE_TTL_QUOTE`, default 60 s.
    pub quote: Duration,
    /// Bars of closed days. `CACHE_TTL_DAILY`, default 86400 s.
    pub daily: Duration,
    /// Bars with the current day among them. `CACHE_TTL_DAILY_LIVE`, default 60 s.
    pub daily_live: Duration,
    /// Facts of a security. `CACHE_TTL_BASIC`, default 3600 s.
    pub basic: Duration,
    /// Lists and statistics of a closed day. `CACHE_TTL_OVERVIEW`, default 300 s.
    pub overview: Duration,
    /// The same of the current day. `CACHE_TTL_OVERVIEW_LIVE`, default 60 s.
    pub overview_live: Duration,
    /// Workflows. `CACHE_TTL_WORKFLOW`, default 300 s.
    pub workflow: Duration,
    /// Copy of a session, sliding. `CACHE_TTL_SESSION`, default 1800 s.
    pub session: Duration,
    /// Crypto prices. `CACHE_TTL_CRYPTO_PRICES`, default 30 s.
    pub crypto_prices: Duration,
    /// Token health. `CACHE_TTL_CRYPTO_HEALTH`, default 600 s.
    pub crypto_health: Duration,
    /// Forecasts. `CACHE_TTL_CRYPTO_PREDICTION`, default 3600 s.
    pub crypto_prediction: Duration,
    /// Dashboard. `CACHE_TTL_CRYPTO_DASHBOARD`, default 60 s.
    pub crypto_dashboard: Duration,
    /// Candles. `CACHE_TTL_CRYPTO_OHLCV`, default 300 s.
    pub crypto_ohlcv: Duration,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Lifetimes {
    // Zero is refused: whether it means "never" or "for ever" differs between caches.
    let mut seconds = |variable, default| reader.seconds(variable, default, 1..=YEAR);
    Lifetimes {
        quote: seconds("CACHE_TTL_QUOTE", 60),
        daily: seconds("CACHE_TTL_DAILY", 86_400),
        daily_live: seconds("CACHE_TTL_DAILY_LIVE", 60),
        basic: seconds("CACHE_TTL_BASIC", 3_600),
        overview: seconds("CACHE_TTL_OVERVIEW", 300),
        overview_live: seconds("CACHE_TTL_OVERVIEW_LIVE", 60),
        workflow: seconds("CACHE_TTL_WORKFLOW", 300),
        session: seconds("CACHE_TTL_SESSION", 1_800),
        crypto_prices: seconds("CACHE_TTL_CRYPTO_PRICES", 30),
        crypto_health: seconds("CACHE_TTL_CRYPTO_HEALTH", 600),
        crypto_prediction: seconds("CACHE_TTL_CRYPTO_PREDICTION", 3_600),
        crypto_dashboard: seconds("CACHE_TTL_CRYPTO_DASHBOARD", 60),
        crypto_ohlcv: seconds("CACHE_TTL_CRYPTO_OHLCV", 300),
    }
}
