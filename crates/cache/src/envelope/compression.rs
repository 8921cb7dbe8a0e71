//! Compressed payloads: by what, 1 byte; how many bytes come out, 4; what went in.

use bytes::Bytes;

use super::Reject;

/// What would come out of the payload must be known before anything is allocated for it.
#[cfg(feature = "compression")]
const PREFIX: usize = 5;

/// Compresses a payload; `None` when that saves less than a tenth.
#[cfg(feature = "compression")]
pub(super) fn compress(payload: &[u8]) -> Option<Bytes> {
    let size = u32::try_from(payload.len()).ok()?;
    let most = payload.len() - payload.len() / 10;
    let mut compressed = vec![0; most];
    let (prefix, room) = compressed.split_first_chunk_mut::<PREFIX>()?;
    prefix[0] = zstd_frame::NUMBER;
    prefix[1..].copy_from_slice(&size.to_le_bytes());
    let written = zstd_frame::compress(payload, room)?;
    compressed.truncate(PREFIX + written);
    Some(compressed.into())
}

/// Undoes [`compress`]. Whatever the bytes say, no more comes out than an entry may hold.
#[cfg(feature = "compression")]
pub(super) fn decompress(payload: &[u8]) -> Result<Bytes, Reject> {
    let (prefix, compressed) = payload.split_first_chunk::<PREFIX>().ok_or(Reject::Truncated)?;
    if prefix[0] != zstd_frame::NUMBER {
        return Err(Reject::Newer);
    }
    let size = usize::try_from(super::number(&prefix[1..])).unwrap_or(usize::MAX);
    if size > super::MAX_PAYLOAD {
        return Err(Reject::Oversized);
    }
    let value = zstd_frame::decompress(compressed, size).ok_or(Reject::Compression)?;
    if value.len() == size { Ok(value.into()) } else { Err(Reject::Compression) }
}

/// Whatever is compressed comes from a build that can do more than this one.
#[cfg(not(feature = "compression"))]
pub(super) const fn decompress(_payload: &[u8]) -> Result<Bytes, Reject> {
    Err(Reject::Newer)
}

/// `docs/compression.md` has the figures behind algorithm and level.
#[cfg(feature = "compression")]
mod zstd_frame {
    pub(super) const NUMBER: u8 = 1;
    const LEVEL: i32 = 1;

    /// Compresses into `room`; `None` when it is too small.
    pub(super) fn compress(payload: &[u8], room: &mut [u8]) -> Option<usize> {
        zstd::bulk::compress_to_buffer(payload, room, LEVEL).ok()
    }

    /// Allocates what the frame claims to hold, `most` bytes at most.
    pub(super) fn decompress(frame: &[u8], most: usize) -> Option<Vec<u8>> {
        zstd::bulk::decompress(frame, most).ok()
    }
}
