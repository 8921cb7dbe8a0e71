//! For whoever writes a backend or tests a caller: conformance suite, backend that fails on demand, manual clock, recorder
//! of events.
//!
//! Behind the feature `testkit`; not covered by semver.

pub mod chaos;
pub mod clock;
pub mod conformance;
pub mod recorder;

pub use self::{chaos::ChaosBackend, clock::ManualClock, conformance::Subject, recorder::Recorder};
