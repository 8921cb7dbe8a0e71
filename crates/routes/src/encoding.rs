//! Content encodings: which one a client takes, and packing a body.

use std::io::{self, Write as _};

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{self, AcceptEncoding, ContentEncoding, Encoding as Coding, HeaderValue},
};
use bytes::Bytes;

use crate::problem::Problem;

/// Smaller bodies gain nothing: they fit in one packet anyway.
const MIN_PACKED: usize = 1024;
/// Larger bodies are packed off the async threads.
const MAX_INLINE: usize = 64 * 1024;

/// How the bytes of a body are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

impl Encoding {
    const ALL: [Self; 4] = [Self::Identity, Self::Gzip, Self::Brotli, Self::Zstd];

    /// The encoding a request likes best.
    pub(crate) fn accepted(request: &HttpRequest) -> Result<Self, Problem> {
        if !request.headers().contains_key(header::ACCEPT_ENCODING) {
            return Ok(Self::Identity);
        }
        // A header that is none is taken as absent, as RFC 9110 lets a server do.
        let Some(accepted) = request.get_header::<AcceptEncoding>() else { return Ok(Self::Identity) };
        let offered = [Coding::identity(), Coding::brotli(), Coding::zstd(), Coding::gzip()];
        match accepted.negotiate(offered.iter()) {
            Some(Coding::Known(ContentEncoding::Brotli)) => Ok(Self::Brotli),
            Some(Coding::Known(ContentEncoding::Zstd)) => Ok(Self::Zstd),
            Some(Coding::Known(ContentEncoding::Gzip)) => Ok(Self::Gzip),
            Some(_) => Ok(Self::Identity),
            None => Err(Problem::NotAcceptable("answers are plain or packed with gzip, br or zstd")),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The value of `Content-Encoding`, if there is one.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        (self != Self::Identity).then(|| HeaderValue::from_static(self.name()))
    }

    /// A number that stays the same in stored bodies.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Identity => 0,
            Self::Gzip => 1,
            Self::Brotli => 2,
            Self::Zstd => 3,
        }
    }

    pub(crate) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.number() == number)
    }

    /// Packs the bytes of a plain body; small ones stay plain.
    pub(crate) async fn pack(self, plain: Bytes) -> Result<(Self, Vec<u8>), Problem> {
        if plain.len() < MIN_PACKED {
            return Ok((Self::Identity, plain.to_vec()));
        }
        let packed = if plain.len() <= MAX_INLINE {
            self.compress(&plain)
        } else {
            tokio::task::spawn_blocking(move || self.compress(&plain))
                .await
                .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
        };
        packed.map(|bytes| (self, bytes)).map_err(|error| {
            tracing::error!(%error, encoding = self.name(), "a body could not be packed");
            Problem::Internal
        })
    }

    fn compress(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(plain.to_vec()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(plain)?;
                encoder.finish()
            }
            Self::Brotli => {
                // Quality 5 of 11: three quarters of the gain for a tenth of the time.
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
                encoder.write_all(plain)?;
                Ok(encoder.into_inner())
            }
            Self::Zstd => zstd::encode_all(plain, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }
}
