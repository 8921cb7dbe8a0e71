//! Exit codes, the same for every command.

use std::{error::Error, fmt, process::ExitCode};

use stockpile_cache::Error as CacheError;
use stockpile_storage::Error as StoreError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done.
    Ok,
    /// Done, but rows were refused and listed in a report.
    RowsRejected,
    /// Failed; nothing of what failed is in the store.
    Failed,
    /// Another process writes.
    LockHeld,
    /// The settings, or what was asked for, are wrong.
    Settings,
}

/// What was asked for cannot be done as it was asked.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

impl Exit {
    /// The code for an error, by its cause.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let locked = |cause: &(dyn Error + 'static)| {
            matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Locked { .. }))
        };
        let asked_wrongly = |cause: &(dyn Error + 'static)| {
            let cache = cause.downcast_ref::<CacheError>();
            cause.is::<stockpile_settings::Error>()
                || cause.is::<Usage>()
                || matches!(cache, Some(CacheError::Address { .. } | CacheError::Setting { .. }))
        };
        if error.chain().any(locked) {
            Self::LockHeld
        } else if error.chain().any(asked_wrongly) {
            Self::Settings
        } else {
            Self::Failed
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Settings => 2,
            Exit::LockHeld => 4,
            Exit::RowsRejected => 8,
        })
    }
}
