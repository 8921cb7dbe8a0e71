//! What an engine lets its store promise.

/// What a store promises beyond the repositories' own words, as far as its engine can.
///
/// The contract asks here what to expect, never which engine it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// Every table of a run shows in the same instant. Otherwise each table does for itself, one after the other while
    /// the commit goes on, and the revision rises after the last of them.
    pub commit_is_atomic: bool,
    /// The next run may start as soon as the process of a killed one is gone. Otherwise the dead run's lock ends some
    /// time later.
    pub lock_ends_with_its_process: bool,
    /// A zero written as -0.0 is read as that. Otherwise it is read as 0.0; every other number keeps its bits anyway.
    pub zero_keeps_its_sign: bool,
    /// A day of any year from 1000 to 9999 is kept. Otherwise one outside of 1900 to 2299 is refused.
    pub any_year_is_kept: bool,
}

impl Promises {
    /// Everything, as a database with transactions gives it.
    pub const ALL: Self = Self {
        commit_is_atomic: true,
        lock_ends_with_its_process: true,
        zero_keeps_its_sign: true,
        any_year_is_kept: true,
    };
}
