//! What goes to the backend compressed, and what that changes: nothing but the size.

use std::sync::Arc;

use bytes::Bytes;
use stockpile_cache::{Backend, Cache, Kind, Lifetime, MemoryBackend, Namespace, RawKey};

#[cfg(feature = "compression")]
use crate::kit::noise;
use crate::kit::{PAGE, settle, text};

const ROWS: Kind<Vec<String>> = Kind::new("rows");

fn at(kind: &str) -> RawKey {
    RawKey::new(&Namespace::default(), kind, "k")
}

fn over(backend: &Arc<MemoryBackend>) -> stockpile_cache::CacheBuilder {
    Cache::builder().l1_max_bytes(0).backend(backend.clone())
}

/// About 200 KiB of JSON.
#[cfg(feature = "compression")]
fn rows() -> Vec<String> {
    (0..5000).map(|row| format!("row {row} of a table whose rows are alike")).collect()
}

async fn stored(backend: &MemoryBackend, kind: &str) -> Bytes {
    backend.get(&at(kind)).await.unwrap().unwrap()
}

fn holds(stored: &[u8], text: &[u8]) -> bool {
    stored.windows(text.len()).any(|window| window == text)
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn large_value_is_stored_smaller_and_comes_back() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let cache = over(&backend).build().unwrap();
    cache.set(&ROWS, "k", rows()).await;
    assert!(stored(&backend, "rows").await.len() < serde_json::to_vec(&rows()).unwrap().len() / 2);
    assert_eq!(*cache.get(&ROWS, "k").await.unwrap(), rows());
    let page = Bytes::from(vec![7; 100_000]);
    let load = {
        let page = page.clone();
        move |_| async move { Ok::<_, ()>(page) }
    };
    cache.entry(&PAGE, "k").get_or_load(load).await.unwrap();
    settle().await;
    assert!(stored(&backend, "page").await.len() < 1000);
    assert_eq!(cache.get(&PAGE, "k").await, Some(page));
}

#[tokio::test]
async fn small_value_stays_readable_in_the_store() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let cache = over(&backend).build().unwrap();
    let value = vec!["readable ".repeat(400)];
    cache.set(&ROWS, "k", value.clone()).await;
    assert!(holds(&stored(&backend, "rows").await, &serde_json::to_vec(&value).unwrap()));
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn threshold_is_the_size_from_which_values_are_compressed() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let cache = over(&backend).compress_from(1000).build().unwrap();
    for (size, compressed) in [(999, false), (1000, true)] {
        let value = Bytes::from(vec![b'x'; size]);
        cache.set(&PAGE, "k", value.clone()).await;
        assert_eq!(holds(&stored(&backend, "page").await, &value), !compressed, "{size}");
        assert_eq!(cache.get(&PAGE, "k").await, Some(value));
    }
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn value_that_hardly_gets_smaller_is_stored_as_it_is() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let cache = over(&backend).build().unwrap();
    for (repeated, compressed) in [(500, false), (5_000, true)] {
        let value: Bytes = noise(10_000).into_iter().chain(std::iter::repeat_n(7, repeated)).collect();
        cache.set(&PAGE, "k", value.clone()).await;
        let size = stored(&backend, "page").await.len();
        assert_eq!(size < value.len() * 9 / 10 + 100, compressed, "{size} of {}", value.len());
        assert_eq!(cache.get(&PAGE, "k").await, Some(value));
    }
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn compression_can_be_off_and_compressed_entries_are_read_all_the_same() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let (on, off) =
        (over(&backend).build().unwrap(), over(&backend).compress_from(usize::MAX).build().unwrap());
    on.set(&ROWS, "k", rows()).await;
    let compressed = stored(&backend, "rows").await;
    assert_eq!(*off.get(&ROWS, "k").await.unwrap(), rows());
    off.set(&ROWS, "k", rows()).await;
    assert!(stored(&backend, "rows").await.len() > 2 * compressed.len());
    assert_eq!(*on.get(&ROWS, "k").await.unwrap(), rows());
}

/// The other half of this promise, in a build without the feature, is the next test.
#[tokio::test]
async fn entry_of_a_compression_this_build_does_not_know_is_a_miss_and_left_alone() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let cache = over(&backend).build().unwrap();
    cache.set(&PAGE, "k", text("\u{7f} a payload of another build")).await;
    let theirs = sealed_again(&stored(&backend, "page").await, |bytes| bytes[3] |= 0b1000);
    left_alone(&cache, &backend, theirs).await;
}

#[cfg(not(feature = "compression"))]
#[tokio::test]
async fn build_without_compression_misses_compressed_entries_and_leaves_them_alone() {
    let backend = Arc::new(MemoryBackend::new(64 << 20));
    let cache = over(&backend).build().unwrap();
    // One byte of zstd's frame for `x`, as a build with the feature stores it.
    cache
        .set(&PAGE, "k", Bytes::from_static(b"\x01\x01\x00\x00\x00\x28\xb5\x2f\xfd\x20\x01\x09\x00\x00x"))
        .await;
    let theirs = sealed_again(&stored(&backend, "page").await, |bytes| bytes[3] |= 0b1000);
    left_alone(&cache, &backend, theirs).await;
}

fn sealed_again(entry: &Bytes, alter: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut bytes = entry[..entry.len() - 4].to_vec();
    alter(&mut bytes);
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes.into()
}

async fn left_alone(cache: &Cache, backend: &MemoryBackend, theirs: Bytes) {
    backend.set(&at("page"), theirs.clone(), Lifetime::MAX).await.unwrap();
    assert_eq!(cache.get(&PAGE, "k").await, None);
    assert_eq!(crate::kit::load(cache, "ours").await.unwrap().0, text("ours"));
    settle().await;
    assert_eq!(stored(backend, "page").await, theirs);
    assert_eq!(cache.stats().kind("page").rejected, 2);
}
