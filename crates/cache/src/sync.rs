//! What threads share, for the files that are model-checked: `tests/loom` and `tests/shuttle` compile these files with
//! the checker's types in this place.

pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock, atomic};
