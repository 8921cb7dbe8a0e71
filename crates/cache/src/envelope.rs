//! The stored form of an entry: 32 bytes of header, stamps and etag if there are any, the payload as it is, 4 bytes of
//! checksum.
//!
//! Little-endian: magic 2, version 1, flags 1, schema hash 4, key hash 8, born 6, fresh 4, dead 4, load time 2.
//! `born` is milliseconds since 1970; `fresh` and `dead` are milliseconds after it and stop at their largest value.
//! Flags: bits 0 to 2 codec, 3 compressed, 4 negative, 5 stamps, 6 etag. Stamps: how many, 1 byte; each the number of a
//! tag, 8, and the generation it was made under, 8. Etag: its length, 1 byte, and its bytes.
//! A compressed payload says by what and how large it was, see [`compression`].

mod compression;

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    RawKey,
    policy::Times,
    stamp::{Stamp, Stamps, TagId},
};

const MAGIC: [u8; 2] = [0xC5, 0x5C];
const VERSION: u8 = 1;
const HEADER: usize = 32;
const CHECKSUM: usize = 4;
const CODEC_BITS: u8 = 0b0000_0111;
const COMPRESSED: u8 = 0b0000_1000;
const NEGATIVE: u8 = 0b0001_0000;
const STAMPED: u8 = 0b0010_0000;
const ETAG: u8 = 0b0100_0000;
const STAMP: usize = 16;
/// What this build can read.
const KNOWN: u8 =
    CODEC_BITS | NEGATIVE | STAMPED | ETAG | if cfg!(feature = "compression") { COMPRESSED } else { 0 };
/// Larger entries are neither written nor read.
pub(crate) const MAX_ENTRY: usize = 64 << 20;
/// What is left of the largest entry when it has all the stamps and the longest etag there can be.
pub(crate) const MAX_PAYLOAD: usize =
    MAX_ENTRY - HEADER - (1 + Stamps::MOST * STAMP) - (1 + u8::MAX as usize) - CHECKSUM;
/// How far ahead of ours another node's clock may be before its entries are taken as made now.
const SKEW_MS: u64 = 5_000;

/// What the reader knows and the bytes must confirm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal {
    pub(crate) key_hash: u64,
    pub(crate) schema_hash: u32,
    pub(crate) codec: u8,
}

impl Seal {
    pub(crate) fn new(key: &RawKey, schema: u32, codec: u8) -> Self {
        let [a, b, c, d] = schema.to_le_bytes();
        // The lower half is as good as any.
        let schema_hash = xxh3_64(&[a, b, c, d, codec]) as u32;
        Self { key_hash: xxh3_64(key.as_str().as_bytes()), schema_hash, codec: codec & CODEC_BITS }
    }

    /// A number that depends on the key only, unrelated to the one that is stored.
    pub(crate) const fn spread(&self) -> u64 {
        self.key_hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}

/// Why stored bytes are not the entry that was asked for. Each is a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reject {
    Truncated,
    Oversized,
    Magic,
    /// Written by a newer release: a miss, and not to be overwritten during a rolling deploy.
    Newer,
    Unknown,
    Checksum,
    /// What is compressed is not what it says.
    #[cfg_attr(not(feature = "compression"), expect(dead_code, reason = "nothing is decompressed"))]
    Compression,
    Key,
    Schema,
}

/// What an entry says about its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) times: Times,
    pub(crate) negative: bool,
    /// How long the load took, milliseconds.
    pub(crate) took: u16,
    pub(crate) stamps: Stamps,
    /// The version of the value at its source.
    pub(crate) etag: Option<Arc<str>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) facts: Facts,
    pub(crate) payload: Bytes,
}

/// A value in its stored form, compressed where that is worth it.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    bytes: Bytes,
    is_compressed: bool,
}

impl Payload {
    pub(crate) const fn plain(bytes: Bytes) -> Self {
        Self { bytes, is_compressed: false }
    }

    /// Compresses a value of at least `from` bytes, if this build can and a tenth is saved.
    #[cfg_attr(not(feature = "compression"), expect(unused_variables, reason = "nothing is compressed"))]
    pub(crate) fn new(bytes: Bytes, from: usize) -> Self {
        #[cfg(feature = "compression")]
        if bytes.len() >= from
            && let Some(bytes) = compression::compress(&bytes)
        {
            return Self { bytes, is_compressed: true };
        }
        Self::plain(bytes)
    }
}

/// Wraps `payload`; `None` when the entry would be oversized.
pub(crate) fn seal(seal: Seal, facts: &Facts, payload: &Payload) -> Option<Bytes> {
    let Facts { times, negative, took, stamps, etag } = facts;
    let Payload { bytes: payload, is_compressed } = payload;
    let stamps_size = if stamps.is_empty() { 0 } else { 1 + stamps.len() * STAMP };
    let etag_size = etag.as_ref().map_or(0, |etag| 1 + etag.len());
    let size = HEADER + stamps_size + etag_size + payload.len() + CHECKSUM;
    if size > MAX_ENTRY {
        return None;
    }
    let (stamp_count, etag_len) =
        (u8::try_from(stamps.len()).ok()?, u8::try_from(etag.as_ref().map_or(0, |etag| etag.len())).ok()?);
    let flag = |on, flag| if on { flag } else { 0 };
    let flags = flag(*is_compressed, COMPRESSED)
        | flag(*negative, NEGATIVE)
        | flag(!stamps.is_empty(), STAMPED)
        | flag(etag.is_some(), ETAG);
    let mut entry = BytesMut::with_capacity(size);
    entry.put_slice(&MAGIC);
    entry.put_u8(VERSION);
    entry.put_u8(seal.codec | flags);
    entry.put_u32_le(seal.schema_hash);
    entry.put_u64_le(seal.key_hash);
    entry.put_slice(&times.born.min((1 << 48) - 1).to_le_bytes()[..6]);
    entry.put_u32_le(after(times.born, times.fresh_until));
    entry.put_u32_le(after(times.born, times.dead_at));
    entry.put_u16_le(*took);
    if !stamps.is_empty() {
        entry.put_u8(stamp_count);
        for stamp in stamps.iter() {
            entry.put_u64_le(stamp.tag.0);
            entry.put_u64_le(stamp.latest);
        }
    }
    if let Some(etag) = etag {
        entry.put_u8(etag_len);
        entry.put_slice(etag.as_bytes());
    }
    entry.put_slice(payload);
    entry.put_u32_le(crc32c::crc32c(&entry));
    Some(entry.freeze())
}

/// Checks `entry` and takes the payload out of it, without a copy unless it is compressed.
pub(crate) fn open(entry: &Bytes, seal: Seal, now: u64) -> Result<Opened, Reject> {
    open_knowing(KNOWN, entry, seal, now)
}

fn open_knowing(known: u8, entry: &Bytes, seal: Seal, now: u64) -> Result<Opened, Reject> {
    if entry.len() > MAX_ENTRY {
        return Err(Reject::Oversized);
    }
    let header: &[u8; HEADER] = entry.first_chunk().ok_or(Reject::Truncated)?;
    if header[..2] != MAGIC {
        return Err(Reject::Magic);
    }
    // Only the first three bytes have the same meaning in every version.
    match header[2] {
        VERSION => {}
        newer if newer > VERSION => return Err(Reject::Newer),
        _ => return Err(Reject::Unknown),
    }
    let body_end = entry.len().checked_sub(CHECKSUM).filter(|end| *end >= HEADER).ok_or(Reject::Truncated)?;
    if crc32c::crc32c(&entry[..body_end]).to_le_bytes() != entry[body_end..] {
        return Err(Reject::Checksum);
    }
    let flags = header[3];
    if flags & !known != 0 {
        return Err(Reject::Newer);
    }
    if number(&header[8..16]) != seal.key_hash {
        return Err(Reject::Key);
    }
    if number(&header[4..8]) != u64::from(seal.schema_hash) || flags & CODEC_BITS != seal.codec {
        return Err(Reject::Schema);
    }
    let written = number(&header[16..22]);
    let born = if written > now.saturating_add(SKEW_MS) { now } else { written };
    let times = Times {
        born,
        fresh_until: born.saturating_add(number(&header[22..26])),
        dead_at: born.saturating_add(number(&header[26..30])),
    };
    let mut rest = &entry[HEADER..body_end];
    let stamps = if flags & STAMPED == 0 { Stamps::default() } else { read_stamps(&mut rest)? };
    let etag = if flags & ETAG == 0 { None } else { Some(read_etag(&mut rest)?) };
    let took = u16::from_le_bytes([header[30], header[31]]);
    let facts = Facts { times, negative: flags & NEGATIVE != 0, took, stamps, etag };
    let payload = if flags & COMPRESSED == 0 {
        entry.slice(body_end - rest.len()..body_end)
    } else {
        compression::decompress(rest)?
    };
    Ok(Opened { facts, payload })
}

/// Opens an entry of `key` whatever its type, and tells what it was sealed with. Its birth is given as it was written.
pub(crate) fn peek(entry: &Bytes, key: &RawKey) -> Result<(Seal, Opened), Reject> {
    let header: &[u8; HEADER] = entry.first_chunk().ok_or(Reject::Truncated)?;
    let seal = Seal {
        key_hash: xxh3_64(key.as_str().as_bytes()),
        // A value of four bytes fits.
        schema_hash: u32::try_from(number(&header[4..8])).unwrap_or_default(),
        codec: header[3] & CODEC_BITS,
    };
    open(entry, seal, u64::MAX).map(|opened| (seal, opened))
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Result<&'a [u8], Reject> {
    let (taken, left) = rest.split_at_checked(size).ok_or(Reject::Truncated)?;
    *rest = left;
    Ok(taken)
}

fn take_size(rest: &mut &[u8]) -> Result<usize, Reject> {
    take(rest, 1).map(|byte| usize::from(byte[0]))
}

fn read_stamps(rest: &mut &[u8]) -> Result<Stamps, Reject> {
    let count = take_size(rest)?;
    let (stamps, _) = take(rest, count * STAMP)?.as_chunks::<STAMP>();
    Ok(stamps
        .iter()
        .map(|stamp| Stamp { tag: TagId(number(&stamp[..8])), latest: number(&stamp[8..]) })
        .collect())
}

fn read_etag(rest: &mut &[u8]) -> Result<Arc<str>, Reject> {
    let size = take_size(rest)?;
    // What is no text was not written by us.
    std::str::from_utf8(take(rest, size)?).map(Arc::from).map_err(|_| Reject::Unknown)
}

fn after(born: u64, then: u64) -> u32 {
    u32::try_from(then.saturating_sub(born)).unwrap_or(u32::MAX)
}

fn number(little_endian: &[u8]) -> u64 {
    little_endian.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
