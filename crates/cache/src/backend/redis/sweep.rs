//! Finds keys by pattern: SCAN over every primary, in steps that never block a server for long.

use std::time::{Duration, Instant};

use bytes::Bytes;
use fred::prelude::Server;

use super::{
    BATCH, RedisBackend, command,
    fault::unexpected,
    link::Link,
    reply::{list, number, text},
};
use crate::{Deleted, Page, Pattern, RawKey, Result, ScanLimit, StoredKey};

/// Keys a server looks at in one step, about a third of a millisecond.
const STEP: usize = 1000;
/// Steps after which a page is given back even when nothing was found.
const STEPS: usize = 32;

/// A walk over the keys of one node after the other.
struct Walk<'a> {
    link: &'a Link,
    glob: &'a str,
    nodes: Vec<Option<Server>>,
    /// Which node is next, and where on it.
    at: Option<(usize, String)>,
}

impl<'a> Walk<'a> {
    async fn start(backend: &'a RedisBackend, pattern: &'a Pattern) -> Result<Self> {
        let link = backend.link();
        let nodes = if backend.0.setup.clustered {
            link.nodes().await?.into_iter().map(Some).collect()
        } else {
            vec![None]
        };
        Ok(Self { link, glob: pattern.as_glob(), nodes, at: Some((0, "0".to_owned())) })
    }

    /// Takes one step; `None` when every node is done.
    async fn step(&mut self, count: usize) -> Result<Option<Vec<Bytes>>> {
        let Some((node, cursor)) = &self.at else { return Ok(None) };
        let scan = command::scan(cursor, self.glob, count);
        let answer = self.link.send_to(self.nodes[*node].as_ref(), scan.name, scan.args).await?;
        let Ok([cursor, keys]) = <[_; 2]>::try_from(list(answer)?) else {
            return unexpected("page of keys");
        };
        let cursor = String::from_utf8_lossy(&text(cursor)?).into_owned();
        self.at = match (cursor.as_str(), node + 1) {
            ("0", next) if next < self.nodes.len() => Some((next, cursor)),
            ("0", _) => None,
            _ => Some((*node, cursor)),
        };
        list(keys)?.into_iter().map(text).collect::<Result<_>>().map(Some)
    }

    /// The place as text: the cursor, and in a cluster whose it is.
    fn cursor(&self) -> Option<String> {
        self.at.as_ref().map(|(node, cursor)| match &self.nodes[*node] {
            Some(server) => format!("{cursor}@{}:{}", server.host, server.port),
            None => cursor.clone(),
        })
    }

    /// Goes on at a place; at the start of the next node when its node has left.
    fn resume(&mut self, place: &str) {
        let (cursor, owner) = place.split_once('@').unwrap_or((place, ""));
        let name = |node: &Option<Server>| {
            node.as_ref().map_or_else(String::new, |server| format!("{}:{}", server.host, server.port))
        };
        let node = self.nodes.iter().position(|node| name(node) == owner);
        self.at = match node {
            Some(node) => Some((node, cursor.to_owned())),
            None => {
                self.nodes.iter().position(|node| *name(node) > *owner).map(|node| (node, "0".to_owned()))
            }
        };
    }
}

/// Deletes what matches, until the limit or the time is over. A fault after the first deletions leaves an answer that
/// says so.
pub(super) async fn delete(backend: &RedisBackend, pattern: &Pattern, limit: ScanLimit) -> Result<Deleted> {
    let until = Instant::now() + backend.0.sweep_timeout;
    let mut walk = Walk::start(backend, pattern).await?;
    let mut deleted = 0;
    loop {
        let mut keys = match walk.step(STEP).await {
            Ok(Some(keys)) => keys,
            Ok(None) => return Ok(Deleted::new(deleted, true)),
            Err(error) if deleted == 0 => return Err(error),
            Err(_) => return Ok(Deleted::new(deleted, false)),
        };
        let room = usize::try_from(limit.keys - deleted).unwrap_or(usize::MAX);
        let complete = keys.len() <= room;
        keys.truncate(room);
        if !keys.is_empty() {
            match unlink(backend, keys).await {
                Ok(gone) => deleted += gone,
                Err(error) if deleted == 0 => return Err(error),
                Err(_) => return Ok(Deleted::new(deleted, false)),
            }
        }
        if !complete || Instant::now() >= until {
            return Ok(Deleted::new(deleted, complete && walk.at.is_none()));
        }
    }
}

async fn unlink(backend: &RedisBackend, keys: Vec<Bytes>) -> Result<u64> {
    let answers = if backend.0.setup.clustered {
        // Keys of one command must share a slot.
        backend.run_all(keys.into_iter().map(|key| command::unlink_stored(vec![key])).collect()).await?
    } else {
        backend
            .run_all(keys.chunks(BATCH).map(|keys| command::unlink_stored(keys.to_vec())).collect())
            .await?
    };
    answers.into_iter().try_fold(0, |sum, answer| Ok(sum + number(answer)?.unsigned_abs()))
}

pub(super) async fn page(
    backend: &RedisBackend,
    pattern: &Pattern,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page> {
    let mut walk = Walk::start(backend, pattern).await?;
    if let Some(place) = cursor {
        walk.resume(place);
    }
    let mut found = Vec::new();
    for _ in 0..STEPS {
        match walk.step(limit.clamp(1, STEP)).await? {
            Some(keys) if keys.is_empty() => {}
            Some(keys) => {
                found = keys;
                break;
            }
            None => break,
        }
    }
    Ok(Page { keys: describe(backend, found).await?, next: walk.cursor() })
}

pub(super) async fn one(backend: &RedisBackend, key: &RawKey) -> Result<Option<StoredKey>> {
    let name = Bytes::copy_from_slice(key.as_str().as_bytes());
    Ok(describe(backend, vec![name]).await?.pop())
}

async fn describe(backend: &RedisBackend, keys: Vec<Bytes>) -> Result<Vec<StoredKey>> {
    let lifetimes = backend.run_all(keys.iter().cloned().map(command::lifetime_of).collect()).await?;
    // Not every server and not every user may ask for sizes.
    let sizes =
        backend.run_all(keys.iter().cloned().map(command::size_of).collect()).await.unwrap_or_default();
    let mut sizes = sizes.into_iter();
    let mut stored = Vec::with_capacity(keys.len());
    for (key, lifetime) in keys.into_iter().zip(lifetimes) {
        let bytes = sizes.next().and_then(|size| u64::try_from(number(size).ok()?).ok());
        let lifetime = match number(lifetime)? {
            // Gone since it was listed.
            -2 => continue,
            millis => u64::try_from(millis).ok().map(Duration::from_millis),
        };
        stored.push(StoredKey { key, bytes, lifetime });
    }
    Ok(stored)
}
