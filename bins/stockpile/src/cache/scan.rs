//! Walks over the stored keys in bounded pages.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    ops::ControlFlow,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use stockpile_cache::{Backend as _, Pattern, StoredKey};

use super::connection::Connection;

/// Keys a server looks at in one step.
const PAGE: usize = 1000;
/// A walk that takes longer stops and says so.
const LONGEST: Duration = Duration::from_secs(30);

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    /// Every key was seen.
    All,
    /// Whoever was shown the keys had enough.
    Enough,
    /// It took too long.
    OutOfTime,
}

/// Shows every key that matches, each once.
pub(super) async fn walk(
    connection: &Connection,
    pattern: &Pattern,
    mut visit: impl FnMut(StoredKey) -> ControlFlow<()>,
) -> Result<Walked> {
    let until = Instant::now() + LONGEST;
    // A scan may show a key twice. Numbers for keys, so that a million of them take little memory.
    let (numbers, mut seen) = (RandomState::new(), HashSet::new());
    let mut cursor: Option<String> = None;
    loop {
        let page = connection.backend.scan(pattern, cursor.as_deref(), PAGE).await;
        let page = page.with_context(|| connection.silent())?;
        for stored in page.keys {
            if seen.insert(numbers.hash_one(&stored.key)) && visit(stored).is_break() {
                return Ok(Walked::Enough);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(Walked::All);
        }
        if Instant::now() >= until {
            return Ok(Walked::OutOfTime);
        }
    }
}
