//! Entries as every release wrote them, in `testdata/`. Whatever is changed, these must open.

use super::*;

macro_rules! sample {
    ($name:literal) => {
        Bytes::from_static(include_bytes!(concat!("../../../testdata/envelope-v1", $name, ".bin")))
    };
}

/// One entry of each kind: its file, what it was sealed with, what it says, and its value.
fn samples() -> Vec<(&'static str, Seal, Facts, Bytes, Payload)> {
    let plain = |value: Bytes| (value.clone(), Payload::plain(value));
    let entry = |name, seal, facts, (value, payload)| (name, seal, facts, value, payload);
    let compressed = || {
        let value = Bytes::from(bars());
        (value.clone(), Payload::new(value, 0))
    };
    vec![
        entry("envelope-v1", ours(), facts(TIMES), plain(Bytes::from_static(b"{\"close\":1688.5}"))),
        entry("envelope-v1-stamped", ours(), stamped(), plain(Bytes::from_static(b"{\"close\":1688.5}"))),
        entry("envelope-v1-negative", ours(), negative(), plain(Bytes::from_static(b"null"))),
        entry("envelope-v1-msgpack", in_msgpack(), facts(TIMES), plain(msgpack())),
        entry("envelope-v1-compressed", ours(), facts(TIMES), compressed()),
    ]
}

fn stamped() -> Facts {
    let stamps = [(0, 1_699_999_999_000_000), (0x0123_4567_89ab_cdef, 1_699_999_999_000_001)];
    let stamps = stamps.map(|(tag, latest)| Stamp { tag: TagId(tag), latest }).into_iter().collect();
    Facts { stamps, etag: Some("W/\"7\"".into()), ..facts(TIMES) }
}

fn negative() -> Facts {
    let times = Times { born: NOW, fresh_until: NOW + 5_000, dead_at: NOW + 5_000 };
    Facts { negative: true, ..facts(times) }
}

fn in_msgpack() -> Seal {
    Seal::new(&key("600519.SH"), 3, 2)
}

/// `{"close": 1688.5}`
fn msgpack() -> Bytes {
    Bytes::from_static(b"\x81\xa5close\xcb\x40\x9a\x62\x00\x00\x00\x00\x00")
}

fn bars() -> String {
    let bar = |day: u32| {
        let close = f64::from(168_850 + day * 37 % 1000) / 100.0;
        format!("{{\"day\":{day},\"close\":{close},\"volume\":{}}}", day * 7919 % 100_000)
    };
    format!("[{}]", (0..200).map(bar).collect::<Vec<_>>().join(","))
}

fn opens(sample: &Bytes, seal: Seal, facts: Facts, payload: impl Into<Bytes>) {
    assert_eq!(open(sample, seal, NOW).unwrap(), Opened { facts, payload: payload.into() });
}

#[test]
fn plain_entry_of_version_1_still_opens() {
    opens(&sample!(""), ours(), facts(TIMES), &b"{\"close\":1688.5}"[..]);
}

#[test]
fn entry_of_version_1_with_stamps_and_etag_still_opens() {
    opens(&sample!("-stamped"), ours(), stamped(), &b"{\"close\":1688.5}"[..]);
}

#[test]
fn negative_entry_of_version_1_still_opens() {
    opens(&sample!("-negative"), ours(), negative(), &b"null"[..]);
}

#[test]
fn messagepack_entry_of_version_1_still_opens() {
    opens(&sample!("-msgpack"), in_msgpack(), facts(TIMES), msgpack());
    #[cfg(feature = "msgpack")]
    {
        use std::collections::BTreeMap;

        use crate::{Codec, MsgPack};
        let value: std::sync::Arc<BTreeMap<String, f64>> = MsgPack::decode(msgpack()).unwrap();
        assert_eq!(*value, BTreeMap::from([("close".to_owned(), 1688.5)]));
    }
}

#[cfg(feature = "compression")]
#[test]
fn compressed_entry_of_version_1_still_opens() {
    let sample = sample!("-compressed");
    assert!(sample.len() < bars().len() / 2);
    opens(&sample, ours(), facts(TIMES), bars());
}

#[test]
fn compressed_entry_is_of_a_newer_release_to_a_build_that_cannot_read_it() {
    let sample = sample!("-compressed");
    assert_eq!(open_knowing(KNOWN & !COMPRESSED, &sample, ours(), NOW), Err(Reject::Newer));
    #[cfg(not(feature = "compression"))]
    assert_eq!(open(&sample, ours(), NOW), Err(Reject::Newer));
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "seen with `--nocapture` by whoever adds a sample: testdata/README.md"
)]
fn whatever_is_written_now_opens_as_the_samples_do() {
    for (name, seal_of, facts, value, payload) in samples() {
        let entry = seal(seal_of, &facts, &payload).unwrap();
        println!("{name} {}", entry.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        assert_eq!(open(&entry, seal_of, NOW).unwrap(), Opened { facts, payload: value }, "{name}");
    }
}
