//! What this process does.
//!
//! | variable | default | values |
//! |---|---|---|
//! | `ROLE` | `all` | `all`, `api`, `collector` |
//! | `DEMO` | `auto` | `auto`, `on`, `off` |

use crate::{CacheUrl, StorageUrl, choice::Choice, reader::Reader};

/// Which part of the work a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Serves requests and collects data.
    All,
    /// Serves requests only.
    Api,
    /// Collects data only.
    Collector,
}

impl Choice for Role {
    const WORDS: &'static [(&'static str, Self)] =
        &[("all", Self::All), ("api", Self::Api), ("collector", Self::Collector)];
}

/// Whether invented data may be served, always labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// While the store has no bars.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Choice for Demo {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("on", Self::On), ("off", Self::Off)];
}

pub(crate) fn read(reader: &mut Reader<'_>, storage: &StorageUrl, cache: &CacheUrl) -> Role {
    let role = reader.choice("ROLE", Role::All);
    let local = matches!(storage, StorageUrl::Sqlite { .. }) && !matches!(cache, CacheUrl::Redis(_));
    // Split roles are separate processes: they need a store and a cache that both can reach.
    if role != Role::All && local {
        let message = format!(
            "is `{}`: refused on {storage} with {cache}, which serve one process; write all, or name a ClickHouse \
             or PostgreSQL server in STORAGE_URL and a Redis server in CACHE_URL",
            role.word()
        );
        reader.problem("ROLE", message);
    }
    role
}

pub(crate) fn read_demo(reader: &mut Reader<'_>) -> Demo {
    reader.choice("DEMO", Demo::Auto)
}
