//! Why a log could not be started.

/// Why a log could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process has a log already.
    #[error("the log of this process is started already; call `init` once, at the start of `main`")]
    AlreadyStarted,
}

/// The result of starting a log.
pub type Result<T> = std::result::Result<T, Error>;
