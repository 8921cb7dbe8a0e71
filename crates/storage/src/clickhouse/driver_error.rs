//! The server's errors, sorted by what a caller can do about them.

use std::io;

use ::clickhouse::error::Error as DriverError;

use super::Options;
use crate::Error;

/// Tells apart what a request may fail with.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    /// It may pass by itself: a request that may be carried out twice is sent again.
    pub(super) transient: bool,
    /// The server's number of the error.
    pub(super) code: Option<u32>,
}

/// A table of this name exists.
pub(super) const TABLE_EXISTS: u32 = 57;
/// No such table.
pub(super) const UNKNOWN_TABLE: u32 = 60;
/// A read-only user may not change settings.
pub(super) const READONLY: u32 = 164;
/// A setting lies beyond what the user's profile allows.
const SETTING_CONSTRAINT: u32 = 452;
const ACCESS_DENIED: u32 = 497;

/// Sorts a driver's error by what the caller can do about it.
pub(super) fn refused(options: &Options, operation: &'static str, error: DriverError) -> Refusal {
    match error {
        DriverError::BadResponse(text) => answered(options, operation, text),
        DriverError::Network(source) if is_not_understood(&*source) => Refusal {
            error: Error::WrongServer { store: options.address(), engine: "ClickHouse", source },
            transient: false,
            code: None,
        },
        DriverError::Network(source) => Refusal {
            error: Error::Unreachable { store: options.address(), source },
            transient: true,
            code: None,
        },
        DriverError::TimedOut => timed_out(operation),
        // An answer that does not begin as answers do.
        DriverError::InvalidColumnsHeader(source) => stranger(options, &source.to_string()),
        other => {
            Refusal { error: Error::Failed { operation, source: other.into() }, transient: false, code: None }
        }
    }
}

/// Whether what was reached speaks no HTTP, or TLS where it should not, or not as it should; a certificate that is not
/// trusted is of that kind too.
fn is_not_understood(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| match error.downcast_ref::<io::Error>() {
        // What it wraps is no source of it.
        Some(error) => error.get_ref().map(|wrapped| wrapped as _),
        None => error.source(),
    })
    .any(|error| {
        error.is::<rustls::Error>()
            || error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
    })
}

/// No answer within the time the caller gives.
pub(super) fn timed_out(operation: &'static str) -> Refusal {
    Refusal { error: Error::TimedOut { operation }, transient: false, code: None }
}

/// Sorts what the server said, `Code: 60. DB::Exception: …`; another kind of server says anything.
fn answered(options: &Options, operation: &'static str, text: String) -> Refusal {
    let Some(code) = code_of(&text) else {
        return if is_gateways(&text) { away(options, &text) } else { stranger(options, &text) };
    };
    let disk_is_full =
        ["No space left on device", "Disk quota exceeded"].iter().any(|sign| text.contains(sign));
    let source = text.into();
    let (error, transient) = match code {
        // Unknown user, wrong password, password needed.
        192..=194 | 516 => {
            (Error::Login { store: options.address(), user: options.user.clone(), source }, false)
        }
        READONLY | SETTING_CONSTRAINT | ACCESS_DENIED => (Error::Forbidden { operation, source }, false),
        // Not enough space, or a write the system refused.
        243 => (Error::DiskFull { source }, false),
        _ if disk_is_full => (Error::DiskFull { source }, false),
        // The query ran longer than it may, or a part of it did.
        159 | 160 => (Error::TimedOut { operation }, false),
        // Too many queries or parts, no thread or connection, network, Keeper, replica without Keeper, shutting down.
        202 | 203 | 209 | 210 | 225 | 236 | 242 | 252 | 279 | 439 | 999 => {
            (Error::Failed { operation, source }, true)
        }
        _ => (Error::Failed { operation, source }, false),
    };
    Refusal { error, transient, code: Some(code) }
}

fn code_of(text: &str) -> Option<u32> {
    let digits = text.trim_start().strip_prefix("Code: ")?;
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// What proxies say, in a page or in plain words, while the server behind them is away. The driver keeps no status.
const GATEWAY_SIGNS: [&str; 11] = [
    "bad gateway",
    "bad_gateway",
    "service unavailable",
    "service temporarily unavailable",
    "gateway timeout",
    "gateway time-out",
    "no healthy upstream",
    "upstream connect error",
    "upstream request timeout",
    "no available server",
    "too many requests",
];

/// Whether an answer that was no success is a gateway's own.
fn is_gateways(text: &str) -> bool {
    /// The sign stands in the title or the first heading.
    const LOOKED_AT: usize = 2_000;
    let start: String = text.chars().take(LOOKED_AT).collect::<String>().to_ascii_lowercase();
    GATEWAY_SIGNS.iter().any(|sign| start.contains(sign))
}

/// A gateway answers for a server that is away or starts.
fn away(options: &Options, text: &str) -> Refusal {
    let error = Error::Unreachable { store: options.address(), source: shown(text).into() };
    Refusal { error, transient: true, code: None }
}

fn shown(text: &str) -> String {
    const SHOWN: usize = 200;
    text.chars().take(SHOWN).collect()
}

/// An answer that ClickHouse does not give: a page, or a proxy's message.
pub(super) fn stranger(options: &Options, text: &str) -> Refusal {
    let source = shown(text).into();
    let error = Error::WrongServer { store: options.address(), engine: "ClickHouse", source };
    Refusal { error, transient: false, code: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Refusal {
        refused(&Options::new("db"), "read bars", DriverError::BadResponse(text.to_owned()))
    }

    #[test]
    fn what_the_server_says_is_told_apart() {
        let shapes = [
            ("Code: 516. DB::Exception: app: Authentication failed", "Login"),
            ("Code: 497. DB::Exception: app: Not enough privileges", "Forbidden"),
            ("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space", "DiskFull"),
            (
                "Code: 75. DB::ErrnoException: Cannot write: errno: 28, strerror: No space left on device",
                "DiskFull",
            ),
            ("Code: 159. DB::Exception: Timeout exceeded", "TimedOut"),
            ("Code: 60. DB::Exception: Unknown table", "Failed"),
            ("<html><body>It works!</body></html>", "WrongServer"),
            ("404 Not Found", "WrongServer"),
            ("502 Bad Gateway", "Unreachable"),
            (
                "<html>\r\n<head><title>504 Gateway Time-out</title></head><body>nginx</body></html>",
                "Unreachable",
            ),
            (
                "<html><body><h1>503 Service Unavailable</h1>\nNo server is available</body></html>",
                "Unreachable",
            ),
            ("no healthy upstream", "Unreachable"),
        ];
        for (text, expected) in shapes {
            let error = format!("{:?}", said(text).error);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        assert!(said("Code: 202. DB::Exception: Too many simultaneous queries").transient);
        assert!(said("Code: 999. Coordination::Exception: Session expired").transient);
        assert!(said("<html><title>502 Bad Gateway</title></html>").transient);
        assert!(!said("<html>It works!</html>").transient);
        assert!(!said("Code: 62. DB::Exception: Syntax error").transient);
        assert!(!said("Code: 159. DB::Exception: Timeout exceeded").transient);
    }
}
