//! Peers: the least a server in the same framework can do for the same answer.

pub(crate) mod passthrough;
pub(crate) mod replay;

use actix_web::http::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use anyhow::Result;
use bytes::Bytes;

use crate::answer::Answer;

/// An answer of the other server, ready to be given again.
#[derive(Clone, Debug)]
struct Given {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Given {
    fn new(answer: &Answer) -> Result<Self> {
        // What the framework writes by itself.
        let own = ["content-length", "date", "connection"];
        let kept = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let headers = kept.map(|(name, value)| Ok((name.parse()?, value.parse()?)));
        Ok(Self {
            status: StatusCode::from_u16(answer.status)?,
            headers: headers.collect::<Result<_>>()?,
            body: answer.body.clone().into(),
        })
    }
}
