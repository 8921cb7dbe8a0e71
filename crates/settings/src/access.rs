//! Who may read what.
//!
//! | variable | default | values |
//! |---|---|---|
//! | `API_ACCESS` | `open` | `open`, `authenticated` |
//! | `METRICS_ACCESS` | `loopback` | `loopback`, `open`, `off` |

use crate::{choice::Choice, reader::Reader};

/// Who may read what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// Who may read market data; every write needs a user or key anyway. `API_ACCESS`, default `open`.
    pub api: ApiAccess,
    /// Who may read `/metrics`. `METRICS_ACCESS`, default `loopback`.
    pub metrics: MetricsAccess,
}

/// Who may read market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiAccess {
    /// Everybody who reaches the server.
    Open,
    /// Users and keys.
    Authenticated,
}

impl Choice for ApiAccess {
    const WORDS: &'static [(&'static str, Self)] =
        &[("open", Self::Open), ("authenticated", Self::Authenticated)];
}

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Programs on the same machine.
    Loopback,
    /// Everybody who reaches the server.
    Open,
    /// Nobody.
    Off,
}

impl Choice for MetricsAccess {
    const WORDS: &'static [(&'static str, Self)] =
        &[("loopback", Self::Loopback), ("open", Self::Open), ("off", Self::Off)];
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Access {
    Access {
        api: reader.choice("API_ACCESS", ApiAccess::Open),
        metrics: reader.choice("METRICS_ACCESS", MetricsAccess::Loopback),
    }
}
