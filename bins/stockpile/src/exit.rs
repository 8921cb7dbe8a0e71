//! Exit codes, the same for every command.

use std::process::ExitCode;

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
    /// The settings are wrong.
    Settings,
}

impl Exit {
    /// The code for an error, by its cause.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let locked = |cause: &(dyn std::error::Error + 'static)| {
            matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Locked { .. }))
        };
        if error.chain().any(locked) {
            Self::LockHeld
        } else if error.chain().any(|cause| cause.is::<stockpile_settings::Error>()) {
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
