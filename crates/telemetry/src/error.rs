//! Why a log or metrics could not be started.

/// Why a log or metrics could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process has a log already.
    #[error("the log of this process is started already; call `init` once, at the start of `main`")]
    AlreadyStarted,
    /// The recorder of metrics takes no such bounds.
    #[error("the bounds of the histograms are none; name at least one")]
    NoBounds,
}

/// The result of starting a log or metrics.
pub type Result<T> = std::result::Result<T, Error>;
