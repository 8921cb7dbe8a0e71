//! The calls on an entry.

use crate::{CacheValue, Entry, LoadCx, LoadResult};

/// Loads when nothing fresh is stored, or in any case. Tags and loader are made only then, so that a hit copies no
/// argument.
///
/// # Errors
///
/// As [`Entry::get_or_load`].
pub async fn load<'a, V, E, F, Fut>(
    entry: Entry<'a, V>,
    anew: bool,
    prepare: impl FnOnce(Entry<'a, V>) -> (Entry<'a, V>, F),
) -> LoadResult<V, E>
where
    V: CacheValue,
    E: Send + Sync + 'static,
    F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
{
    if !anew {
        return entry.get_or_load_with(prepare).await;
    }
    let (entry, load) = prepare(entry);
    entry.refresh(load).await
}

/// Asks whether a value is to be kept; a function, so that the type of the closure's argument is known.
pub fn is_kept<V>(value: &V, test: impl FnOnce(&V) -> bool) -> bool {
    test(value)
}
