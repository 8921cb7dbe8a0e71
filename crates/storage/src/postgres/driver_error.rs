//! The driver's errors, sorted by what a caller can do about them.

use tokio_postgres::error::SqlState;

use crate::Error;

/// Sorts an error of a connection that stands.
pub(super) fn refused(operation: &'static str, store: &str, error: tokio_postgres::Error) -> Error {
    let Some(code) = error.code() else {
        return if is_broken(&error) {
            Error::Unreachable { store: store.to_owned(), source: error.into() }
        } else {
            Error::Failed { operation, source: error.into() }
        };
    };
    match *code {
        SqlState::QUERY_CANCELED => Error::TimedOut { operation },
        SqlState::LOCK_NOT_AVAILABLE => Error::Locked { source: error.into() },
        SqlState::DISK_FULL => Error::DiskFull { source: error.into() },
        SqlState::IO_ERROR => Error::Unwritable { source: error.into() },
        SqlState::INSUFFICIENT_PRIVILEGE | SqlState::READ_ONLY_SQL_TRANSACTION => {
            Error::Forbidden { operation, source: error.into() }
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            Error::Unreachable { store: store.to_owned(), source: error.into() }
        }
        _ => Error::Failed { operation, source: error.into() },
    }
}

/// Sorts an error of a connection that did not come about.
pub(super) fn not_connected(user: &str, store: &str, error: tokio_postgres::Error) -> Error {
    let store = store.to_owned();
    // The driver tells these apart by their text alone.
    let kind = error.to_string();
    match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            Error::Login { store, user: user.to_owned(), source: error.into() }
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            Error::Forbidden { operation: "connect to the database", source: error.into() }
        }
        Some(_) => Error::Unreachable { store, source: error.into() },
        None if matches!(kind.as_str(), "authentication error" | "invalid configuration") => {
            Error::Login { store, user: user.to_owned(), source: error.into() }
        }
        None if kind != "error performing TLS handshake" && is_broken(&error) => {
            Error::Unreachable { store, source: error.into() }
        }
        None => Error::WrongServer { store, engine: "PostgreSQL", source: error.into() },
    }
}

/// Whether the connection is gone or never was, rather than an answer understood.
fn is_broken(error: &tokio_postgres::Error) -> bool {
    use std::error::Error as _;
    error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether a read may be sent again, on another connection.
pub(super) fn is_worth_another_try(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else { return is_broken(error) };
    matches!(
        *code,
        SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::TOO_MANY_CONNECTIONS
            | SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            // A prepared statement that is gone, or whose table has changed since.
            | SqlState::INVALID_SQL_STATEMENT_NAME
            | SqlState::FEATURE_NOT_SUPPORTED
    )
}
