//! One load: looks into the backend, calls the loader, stores what came. Runs in a task of its own, so a caller
//! that goes away ends nothing.

mod batch;
mod context;
mod flight;
mod lease;
mod progress;

pub use self::context::{LoadCx, Loaded};
pub(crate) use self::{
    batch::Batch,
    flight::{Flight, Purpose},
    progress::{Arrival, Progress, Via},
};
