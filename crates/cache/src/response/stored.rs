use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{CacheValue, Codec, Source};

/// A response as it is kept: status, headers and body.
#[derive(Clone, Debug)]
pub struct StoredResponse(pub(super) Content);

#[derive(Clone, Debug)]
pub(super) enum Content {
    Whole(Whole),
    /// Tells those who waited that there is nothing to share. Never stored.
    NotShared,
}

#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl StoredResponse {
    /// Returns the response, headers without those that are made anew for each answer.
    #[must_use]
    pub const fn parts(&self) -> Option<(StatusCode, &HeaderMap, &Bytes)> {
        match &self.0 {
            Content::Whole(whole) => Some((whole.status, &whole.headers, &whole.body)),
            Content::NotShared => None,
        }
    }
}

impl CacheValue for StoredResponse {
    type Codec = Packed;
}

/// Status, headers and body one after the other; the body is read back without a copy.
#[derive(Clone, Copy, Debug)]
pub struct Packed;

impl Codec<StoredResponse> for Packed {
    type Shared = Arc<StoredResponse>;
    const ID: u8 = 3;

    fn share(value: StoredResponse) -> Arc<StoredResponse> {
        Arc::new(value)
    }

    fn encode(value: &Arc<StoredResponse>) -> Result<Bytes, Source> {
        let Content::Whole(Whole { status, headers, body }) = &value.0 else {
            return Err("there is no response to store".into());
        };
        let mut bytes = BytesMut::with_capacity(weigh(headers, body));
        bytes.put_u16_le(status.as_u16());
        bytes.put_u16_le(u16::try_from(headers.len())?);
        for (name, value) in headers {
            bytes.put_u16_le(u16::try_from(name.as_str().len())?);
            bytes.put_slice(name.as_str().as_bytes());
            bytes.put_u32_le(u32::try_from(value.len())?);
            bytes.put_slice(value.as_bytes());
        }
        bytes.put_slice(body);
        Ok(bytes.freeze())
    }

    fn decode(mut payload: Bytes) -> Result<Arc<StoredResponse>, Source> {
        let status = StatusCode::from_u16(payload.try_get_u16_le()?)?;
        let count = payload.try_get_u16_le()?;
        let mut headers = HeaderMap::with_capacity(usize::from(count).min(64));
        for _ in 0..count {
            let length = payload.try_get_u16_le()?;
            let name = HeaderName::from_bytes(&take(&mut payload, usize::from(length))?)?;
            let length = usize::try_from(payload.try_get_u32_le()?)?;
            headers.try_append(name, HeaderValue::from_maybe_shared(take(&mut payload, length)?)?)?;
        }
        Ok(Arc::new(StoredResponse(Content::Whole(Whole { status, headers, body: payload }))))
    }

    fn weight(value: &Arc<StoredResponse>) -> Result<usize, Source> {
        match &value.0 {
            Content::Whole(Whole { headers, body, .. }) => Ok(weigh(headers, body)),
            Content::NotShared => Ok(0),
        }
    }
}

fn take(payload: &mut Bytes, length: usize) -> Result<Bytes, Source> {
    if length > payload.len() {
        return Err("the stored response is cut off".into());
    }
    Ok(payload.split_to(length))
}

fn weigh(headers: &HeaderMap, body: &Bytes) -> usize {
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
    headers + body.len() + 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn response_comes_back_as_it_was() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-a", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        let whole = Whole { status: StatusCode::NOT_FOUND, headers, body: Bytes::from_static(b"\0body") };
        let packed = Packed::encode(&Arc::new(StoredResponse(Content::Whole(whole.clone())))).unwrap();
        let back = Packed::decode(packed).unwrap();
        assert_eq!(back.parts(), Some((whole.status, &whole.headers, &whole.body)));
    }

    proptest! {
        #[test]
        fn other_bytes_are_an_error_or_a_response_and_never_a_panic(bytes: Vec<u8>) {
            let _ = Packed::decode(bytes.into());
        }
    }
}
