//! Bytes nobody should have stored. Each is refused by name, and is a miss to the cache.

use std::sync::Arc;

use super::*;
use crate::{Backend, Cache, Kind, Lifetime, MemoryBackend};

type Case = (&'static str, Bytes, Reject);

const ETAG_AND_STAMPS: u8 = STAMPED | ETAG;

/// An entry whose flags promise more than its payload is.
fn promising(flags: u8, payload: &[u8]) -> Bytes {
    altered(payload, |bytes| bytes[3] |= flags)
}

/// An entry altered by somebody who knows the checksum.
fn altered(payload: &[u8], alter: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut bytes = entry(payload).to_vec();
    alter(&mut bytes);
    resealed(bytes)
}

fn cases() -> Vec<Case> {
    let whole = entry(b"{\"close\":1688.5}");
    let of_another = |key: &str, schema, codec| {
        seal(Seal::new(&super::key(key), schema, codec), &facts(TIMES), &plain(b"{}")).unwrap()
    };
    let mut cases = vec![
        ("nothing", Bytes::new(), Reject::Truncated),
        ("half a header", whole.slice(..16), Reject::Truncated),
        ("a header", whole.slice(..HEADER), Reject::Truncated),
        ("a header and half a checksum", whole.slice(..HEADER + 2), Reject::Truncated),
        ("an entry cut by one byte", whole.slice(..whole.len() - 1), Reject::Checksum),
        ("two entries", [&whole[..], &whole[..]].concat().into(), Reject::Checksum),
        ("zeros", vec![0; 500].into(), Reject::Magic),
        ("JSON of another program", Bytes::from(vec![b'{'; 60]), Reject::Magic),
        ("magic the wrong way round", altered(b"", |bytes| bytes.swap(0, 1)), Reject::Magic),
        ("a version before the first", altered(b"", |bytes| bytes[2] = 0), Reject::Unknown),
        ("a version to come", altered(b"", |bytes| bytes[2] = 255), Reject::Newer),
        ("a flag to come", promising(0b1000_0000, b""), Reject::Newer),
        ("the entry of another key", of_another("000001.SZ", 3, 1), Reject::Key),
        ("the key in other letters", of_another("600519.sh", 3, 1), Reject::Key),
        ("an entry of another schema", of_another("600519.SH", 2, 1), Reject::Schema),
        ("an entry of another codec", of_another("600519.SH", 3, 0), Reject::Schema),
        ("another codec, schema kept", altered(b"{}", |bytes| bytes[3] = 2), Reject::Schema),
        ("stamps, and no room for one", promising(STAMPED, b""), Reject::Truncated),
        (
            "255 stamps, and room for one",
            promising(STAMPED, &[[255; 1].as_slice(), &[1; 16]].concat()),
            Reject::Truncated,
        ),
        (
            "a stamp cut by one byte",
            promising(STAMPED, &[[1; 1].as_slice(), &[1; 15]].concat()),
            Reject::Truncated,
        ),
        ("an etag, and no room for one", promising(ETAG, b""), Reject::Truncated),
        ("an etag beyond the end", promising(ETAG, b"\xffshort"), Reject::Truncated),
        ("an etag that is no text", promising(ETAG, b"\x02\xc3\x28"), Reject::Unknown),
        (
            "stamps that reach to the end, and an etag",
            promising(ETAG_AND_STAMPS, &[1; 17]),
            Reject::Truncated,
        ),
        ("more than an entry holds", vec![0xC5; MAX_ENTRY + 1].into(), Reject::Oversized),
    ];
    cases.extend(compressed_cases());
    cases
}

#[cfg(not(feature = "compression"))]
fn compressed_cases() -> Vec<Case> {
    vec![("anything compressed", promising(COMPRESSED, b"\x01\x00\x00\x00\x00"), Reject::Newer)]
}

#[cfg(feature = "compression")]
fn compressed_cases() -> Vec<Case> {
    use std::io::{Read, repeat};

    let claiming =
        |size: u32, frame: &[u8]| promising(COMPRESSED, &[&[1], &size.to_le_bytes()[..], frame].concat());
    let frame = zstd::bulk::compress(&[7; 1000], 1).unwrap();
    // Twice what an entry holds, in a few kilobytes; the second does not say so.
    let large = 2 * MAX_ENTRY;
    let honest_bomb = zstd::bulk::compress(&vec![0; large], 1).unwrap();
    let silent_bomb = zstd::stream::encode_all(repeat(0).take(large as u64), 1).unwrap();
    let skippable = [&0x184D_2A50_u32.to_le_bytes()[..], &[255, 255, 255, 255]].concat();
    let most = u32::try_from(MAX_PAYLOAD).unwrap();
    vec![
        ("compressed, and no size", promising(COMPRESSED, b"\x01\x00\x00"), Reject::Truncated),
        ("a compression to come", promising(COMPRESSED, b"\x02\x01\x00\x00\x00x"), Reject::Newer),
        ("a size beyond the largest", claiming(most + 1, &frame), Reject::Oversized),
        ("the largest size there is", claiming(u32::MAX, &frame), Reject::Oversized),
        ("less than comes out", claiming(999, &frame), Reject::Compression),
        ("more than comes out", claiming(1001, &frame), Reject::Compression),
        ("nothing claimed", claiming(0, &frame), Reject::Compression),
        ("no frame", claiming(10, b""), Reject::Compression),
        ("noise for a frame", claiming(10, &[0xA5; 64]), Reject::Compression),
        ("a frame cut", claiming(1000, &frame[..frame.len() - 1]), Reject::Compression),
        ("a frame and a tail", claiming(1000, &[&frame[..], b"tail"].concat()), Reject::Compression),
        ("two frames", claiming(1000, &[&frame[..], &frame[..]].concat()), Reject::Compression),
        ("a frame to skip that never ends", claiming(1000, &skippable), Reject::Compression),
        ("a bomb that says so", claiming(most, &honest_bomb), Reject::Compression),
        ("a bomb that does not", claiming(most, &silent_bomb), Reject::Compression),
        ("a bomb that claims to be small", claiming(1000, &silent_bomb), Reject::Compression),
    ]
}

#[test]
fn hostile_bytes_are_refused_for_what_they_are() {
    for (name, bytes, expected) in cases() {
        assert_eq!(open(&bytes, ours(), NOW), Err(expected), "{name}");
    }
}

#[tokio::test]
async fn hostile_bytes_are_a_miss_that_the_loader_heals() {
    let backend = Arc::new(MemoryBackend::new(1 << 30));
    let builder = Cache::builder().namespace("stock:").l1_max_bytes(0).backend(backend.clone());
    let cache = builder.build().unwrap();
    let kind = Kind::<serde_json::Value>::new("quote").schema(3);
    for (name, bytes, reject) in cases() {
        backend.set(&key("600519.SH"), bytes.clone(), Lifetime::MAX).await.unwrap();
        let rejected = cache.stats().kind("quote").rejected;
        assert_eq!(cache.get(&kind, "600519.SH").await, None, "{name}");
        assert_eq!(cache.stats().kind("quote").rejected, rejected + 1, "{name}");
        let load = |_| async { Ok::<_, ()>(serde_json::json!(7)) };
        assert_eq!(*cache.entry(&kind, "600519.SH").get_or_load(load).await.unwrap(), 7, "{name}");
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let left = backend.get(&key("600519.SH")).await.unwrap().unwrap();
        assert_eq!(left == bytes, reject == Reject::Newer, "{name}: only what is newer is left alone");
    }
}
