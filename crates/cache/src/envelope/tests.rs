mod hostile;
mod samples;

use proptest::prelude::*;

use super::*;
use crate::Namespace;

const NOW: u64 = 1_700_000_000_000;
const TIMES: Times = Times { born: NOW, fresh_until: NOW + 60_000, dead_at: NOW + 600_000 };

fn key(key: &str) -> RawKey {
    RawKey::new(&Namespace::new("stock:").unwrap(), "quote", key)
}

fn ours() -> Seal {
    Seal::new(&key("600519.SH"), 3, 1)
}

fn facts(times: Times) -> Facts {
    Facts { times, negative: false, took: 12, stamps: Stamps::default(), etag: None }
}

fn plain(payload: &[u8]) -> Payload {
    Payload::plain(Bytes::copy_from_slice(payload))
}

fn entry(payload: &[u8]) -> Bytes {
    seal(ours(), &facts(TIMES), &plain(payload)).unwrap()
}

/// Puts the right checksum on altered bytes, so that the check under test is the one that speaks.
fn resealed(mut bytes: Vec<u8>) -> Bytes {
    let end = bytes.len() - CHECKSUM;
    let sum = crc32c::crc32c(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&sum);
    bytes.into()
}

#[test]
fn payload_is_stored_as_it_is() {
    assert_eq!(entry(b"{\"close\":1}")[HEADER..HEADER + 11], *b"{\"close\":1}");
}

#[test]
fn entry_of_another_key_is_refused() {
    let theirs = Seal::new(&key("000001.SZ"), 3, 1);
    assert_eq!(open(&entry(b"1"), theirs, NOW), Err(Reject::Key));
}

#[test]
fn entry_of_another_schema_or_codec_is_refused() {
    for seal in [Seal::new(&key("600519.SH"), 4, 1), Seal::new(&key("600519.SH"), 3, 0)] {
        assert_eq!(open(&entry(b"1"), seal, NOW), Err(Reject::Schema));
    }
}

#[test]
fn newer_version_and_unknown_flag_are_told_apart_from_garbage() {
    for (at, value, expected) in [
        (2, 2, Reject::Newer),
        (2, 0, Reject::Unknown),
        (3, 0b1000_0001, Reject::Newer),
        (0, 7, Reject::Magic),
    ] {
        let mut bytes = entry(b"1").to_vec();
        bytes[at] = value;
        assert_eq!(open(&resealed(bytes), ours(), NOW), Err(expected));
    }
}

#[test]
fn birth_in_the_future_is_now_beyond_the_allowed_skew() {
    let opened = open(&entry(b"1"), ours(), NOW - SKEW_MS).unwrap();
    assert_eq!(opened.facts.times, TIMES);
    let opened = open(&entry(b"1"), ours(), NOW - 3_600_000).unwrap();
    assert_eq!(opened.facts.times.born, NOW - 3_600_000);
    assert_eq!(opened.facts.times.dead_at, NOW - 3_000_000);
}

#[test]
fn oversized_entry_is_neither_written_nor_read() {
    assert_eq!(seal(ours(), &facts(TIMES), &plain(&vec![0; MAX_ENTRY])), None);
    assert_eq!(open(&vec![0; MAX_ENTRY + 1].into(), ours(), NOW), Err(Reject::Oversized));
}

proptest! {
    #[test]
    fn any_payload_comes_back(
        payload in prop::collection::vec(any::<u8>(), 0..300), negative: bool, took: u16,
        stamps in prop::collection::vec(any::<(u64, u64)>(), 0..=Stamps::MOST), etag in prop::option::of("[a-z\"]{0,60}"),
        fresh in 0..u64::from(u32::MAX), stale in 0..1000u64,
    ) {
        let times = Times { born: NOW, fresh_until: NOW + fresh, dead_at: (NOW + fresh + stale).min(NOW + u64::from(u32::MAX)) };
        let stamps = stamps.into_iter().map(|(tag, latest)| Stamp { tag: TagId(tag), latest }).collect();
        let facts = Facts { times, negative, took, stamps, etag: etag.map(Into::into) };
        let entry = seal(ours(), &facts, &plain(&payload)).unwrap();
        prop_assert_eq!(open(&entry, ours(), NOW).unwrap(), Opened { facts, payload: payload.into() });
    }

    #[test]
    fn endless_lifetime_is_cut_not_wrapped(born in 0..1u64 << 47) {
        let times = Times { born, fresh_until: u64::MAX, dead_at: u64::MAX };
        let opened = open(&seal(ours(), &facts(times), &plain(b"")).unwrap(), ours(), born).unwrap();
        prop_assert_eq!(opened.facts.times.dead_at, born + u64::from(u32::MAX));
    }

    #[cfg(feature = "compression")]
    #[test]
    fn any_payload_comes_back_compressed(
        payload in prop::collection::vec(0..4u8, 0..2000), stamped: bool, etag in prop::option::of("[a-z]{0,60}"),
    ) {
        let stamps = stamped.then_some(Stamp { tag: TagId(7), latest: 1 }).into_iter().collect();
        let facts = Facts { stamps, etag: etag.map(Into::into), ..facts(TIMES) };
        let entry = seal(ours(), &facts, &Payload::new(payload.clone().into(), 0)).unwrap();
        prop_assert_eq!(open(&entry, ours(), NOW).unwrap(), Opened { facts, payload: payload.into() });
    }

    #[cfg(feature = "compression")]
    #[test]
    fn altered_frame_is_refused_or_of_the_size_it_claims(
        size in 100..3000usize, at: prop::sample::Index, with: u8,
    ) {
        let value: Vec<u8> = (0..size).map(|at| (at % 7) as u8).collect();
        let mut bytes = seal(ours(), &facts(TIMES), &Payload::new(value.into(), 0)).unwrap().to_vec();
        let payload = HEADER + 5..bytes.len() - CHECKSUM;
        bytes[payload.start + at.index(payload.len())] = with;
        if let Ok(opened) = open(&resealed(bytes), ours(), NOW) {
            prop_assert_eq!(opened.payload.len(), size);
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open(&bytes.into(), ours(), NOW).is_err());
    }

    #[test]
    fn truncated_entry_is_refused(payload in prop::collection::vec(any::<u8>(), 0..100), cut in 1usize..200) {
        let entry = entry(&payload);
        prop_assert!(open(&entry.slice(..entry.len().saturating_sub(cut)), ours(), NOW).is_err());
    }

    #[test]
    fn entry_with_a_tail_is_refused(tail in prop::collection::vec(any::<u8>(), 1..50)) {
        let mut bytes = entry(b"1").to_vec();
        bytes.extend(tail);
        prop_assert!(open(&bytes.into(), ours(), NOW).is_err());
    }

    #[test]
    fn flags_that_promise_what_is_not_there_are_refused_or_give_what_is(
        payload in prop::collection::vec(any::<u8>(), 0..60), flags: u8,
    ) {
        let mut bytes = entry(&payload).to_vec();
        bytes[3] = flags;
        if let Ok(opened) = open(&resealed(bytes), ours(), NOW) {
            prop_assert!(opened.payload.len() <= payload.len());
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(payload in prop::collection::vec(any::<u8>(), 0..60), bit: prop::sample::Index) {
        let mut bytes = entry(&payload).to_vec();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open(&bytes.into(), ours(), NOW).is_err());
    }
}
