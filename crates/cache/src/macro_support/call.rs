//! The calls on an entry.

use crate::{CacheValue, Entry, LoadCx, Loaded};

/// Loads when nothing fresh is stored, or in any case.
///
/// # Errors
///
/// As [`Entry::get_or_load`].
pub async fn load<V, E, F, Fut>(entry: Entry<'_, V>, anew: bool, load: F) -> Loaded<V, E>
where
    V: CacheValue,
    E: Send + Sync + 'static,
    F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
{
    if anew { entry.refresh(load).await } else { entry.get_or_load(load).await }
}

/// Asks whether a value is to be kept; a function, so that the type of the closure's argument is known.
pub fn is_kept<V>(value: &V, test: impl FnOnce(&V) -> bool) -> bool {
    test(value)
}
