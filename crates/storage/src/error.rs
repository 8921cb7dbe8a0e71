//! Why a store could not answer.

use std::error::Error as StdError;

/// What the driver reported; its type stays out of this crate's API.
pub type Source = Box<dyn StdError + Send + Sync>;

/// Why a store could not answer, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store cannot be opened.
    #[error("store `{store}` cannot be opened; check the path and its permissions")]
    Open {
        /// Where the store was looked for.
        store: String,
        /// What the driver reported.
        source: Source,
    },

    /// The file is a database, or no database, of somebody else.
    #[error("`{store}` is not a Stockpile store; name another file, nothing was changed")]
    Foreign {
        /// Where the store was looked for.
        store: String,
    },

    /// A table in the database bears one of our names and was made by somebody else.
    #[error(
        "the table `{table}` in `{store}` is not Stockpile's; name another database, nothing was changed"
    )]
    ForeignTable {
        /// Where the store is.
        store: String,
        /// Name of the table.
        table: String,
    },

    /// No server answers.
    #[error("no server answers at `{store}`; check that it runs, its address and the network")]
    Unreachable {
        /// Where the server was looked for.
        store: String,
        /// What the driver reported.
        source: Source,
    },

    /// What answers is a server of another kind, or speaks without TLS where it was asked for, or the reverse, or its
    /// certificate is not trusted.
    #[error(
        "what answers at `{store}` is no {engine} server as expected; check the address, the port and TLS"
    )]
    WrongServer {
        /// Where the server was looked for.
        store: String,
        /// Which engine was expected.
        engine: &'static str,
        /// What the driver reported.
        source: Source,
    },

    /// The server refuses the user.
    #[error("`{store}` refuses the user `{user}`; check the name, the password and who may connect")]
    Login {
        /// Where the server is.
        store: String,
        /// Name of the user.
        user: String,
        /// What the driver reported.
        source: Source,
    },

    /// The database is not there, and the user may not create it.
    #[error(
        "the database `{database}` does not exist and `{user}` may not create it; create it, or grant the right"
    )]
    NoDatabase {
        /// Name of the database.
        database: String,
        /// Name of the user.
        user: String,
        /// What the driver reported.
        source: Source,
    },

    /// The user lacks a right, or the server takes no writes.
    #[error("the user of the store may not {operation}; grant the right, or name another user or server")]
    Forbidden {
        /// What was asked, as a verb and its object.
        operation: &'static str,
        /// What the driver reported.
        source: Source,
    },

    /// No answer came in time.
    #[error("the store took too long to {operation}")]
    TimedOut {
        /// What was asked, as a verb and its object.
        operation: &'static str,
    },

    /// A text or a number that the stores do not keep.
    #[error("{what} cannot be stored: {why}")]
    Unstorable {
        /// What it is.
        what: &'static str,
        /// Why not.
        why: &'static str,
    },

    /// The lock of a run went to another process before the run ended.
    #[error("the run lost its lock to another process before it ended; run it again")]
    LockLost,

    /// The path names another file now than the one that was opened.
    #[error("the file `{store}` was removed or replaced while it was open; start the program again")]
    Replaced {
        /// Where the store is.
        store: String,
    },

    /// The store was written by a newer release.
    #[error("the store has schema {found}, this program knows {known}; use the newer program")]
    NewerSchema {
        /// Schema of the store.
        found: u32,
        /// Newest schema this program can read.
        known: u32,
    },

    /// A released migration is not the one that was applied to the store.
    #[error(
        "migration {version} differs from the one the store was built with; use the program that built it"
    )]
    ChangedMigration {
        /// Number of the migration.
        version: u32,
    },

    /// A migration failed; the store is as it was before it.
    #[error("migration {version} failed; the store is unchanged")]
    Migration {
        /// Number of the migration.
        version: u32,
        /// What the driver reported.
        source: Source,
    },

    /// Another process is writing.
    #[error("another ingest is writing to the store; try again when it is done")]
    Locked {
        /// What the driver reported.
        source: Source,
    },

    /// The disk is full; what was not committed is gone, what was there before is whole.
    #[error("the disk of the store is full; free some space and run this again")]
    DiskFull {
        /// What the driver reported.
        source: Source,
    },

    /// The system refused a write to the store's file; what was not committed is gone, what was there before is whole.
    #[error("the disk of the store takes no more; it may be full, over a quota or a limit, or failing")]
    Unwritable {
        /// What the driver reported.
        source: Source,
    },

    /// The store did not carry out an operation.
    #[error("the store could not {operation}")]
    Failed {
        /// What was asked, as a verb and its object.
        operation: &'static str,
        /// What the driver reported.
        source: Source,
    },

    /// A stored value is not one this program could have written.
    #[error("the store holds an impossible {what}: `{value}`; it was written by something else")]
    Impossible {
        /// What should have been there.
        what: &'static str,
        /// What was there.
        value: String,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. }
                | Self::Failed { .. }
                | Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::LockLost
        )
    }
}

/// The result of asking a store.
pub type Result<T, E = Error> = std::result::Result<T, E>;
