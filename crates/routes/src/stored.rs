//! Bodies that are part of the program, packed once for each encoding.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
};
use bytes::Bytes;
use tokio::sync::OnceCell;
use xxhash_rust::xxh3::xxh3_64;

use crate::{cached::matches_tag, encoding::Encoding, problem::Problem};

/// A body that never changes while the program runs.
#[derive(Debug)]
pub(crate) struct Stored {
    content_type: &'static str,
    plain: Bytes,
    /// By the number of the encoding.
    packed: [OnceCell<Bytes>; 4],
}

impl Stored {
    pub(crate) fn new(content_type: &'static str, plain: Vec<u8>) -> Self {
        Self { content_type, plain: plain.into(), packed: Default::default() }
    }

    pub(crate) async fn respond(&self, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let wanted = Encoding::accepted(request)?;
        let pack = || async {
            let packed = wanted.pack(self.plain.clone()).await.map_err(|error| {
                tracing::error!(%error, encoding = wanted.name(), "a stored body could not be packed");
                Problem::Internal
            });
            Ok::<_, Problem>(Bytes::from(packed?))
        };
        let bytes = self.packed[usize::from(wanted.number())].get_or_try_init(pack).await?;
        let tag = HeaderValue::from_str(&format!("\"{:016x}\"", xxh3_64(bytes)));
        let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"0\""));
        let known = matches_tag(request, &tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        // Another version of the program may have another: ask each time, mostly for a 304.
        response
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache")))
            .insert_header((header::VARY, HeaderValue::from_static("Accept-Encoding")));
        if known {
            return Ok(response.finish());
        }
        if let Some(name) = wanted.header() {
            response.insert_header((header::CONTENT_ENCODING, name));
        }
        Ok(response.insert_header((header::CONTENT_TYPE, self.content_type)).body(bytes.clone()))
    }
}
