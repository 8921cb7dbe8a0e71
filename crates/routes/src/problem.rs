//! Errors as `application/problem+json` (RFC 9457).

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request_id;

/// Seconds after which a client may ask again when the store could not answer.
const RETRY_AFTER_S: u32 = 5;

/// What went wrong with a request, without anything internal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Parameters that cannot be right: 400.
    InvalidParameters(Vec<InvalidParameter>),
    /// Well formed but unknown: 404.
    NotFound(String),
    /// The resource has no such method: 405. Holds the methods it has.
    MethodNotAllowed(&'static str),
    /// No form of the answer that the client accepts: 406. Holds the forms there are.
    NotAcceptable(&'static str),
    /// Prices cannot be adjusted: 409. Holds why.
    NoAdjustment(String),
    /// What the request rests on has changed: 409.
    Conflict(String),
    /// The client may not have this: 403. Holds why.
    Forbidden(String),
    /// More than the server gives at a time: 429. Holds of what.
    RateLimited(String),
    /// The store cannot be asked and nothing stale exists: 503.
    Unavailable,
    /// A fault of ours: 500.
    Internal,
}

/// One parameter and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvalidParameter {
    /// Name of the parameter, `code` for the one in the path.
    pub parameter: String,
    /// What to write instead.
    pub message: String,
}

/// A problem as it is written (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Written<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [InvalidParameter]>,
}

impl Problem {
    /// One parameter that cannot be right.
    pub(crate) fn parameter(parameter: &str, message: impl Into<String>) -> Self {
        let invalid = InvalidParameter { parameter: parameter.to_owned(), message: message.into() };
        Self::InvalidParameters(vec![invalid])
    }

    /// The stable word a client may compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameters(_) => "invalid_parameter",
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::NotAcceptable(_) => "not_acceptable",
            Self::NoAdjustment(_) => "no_adjustment",
            Self::Conflict(_) => "conflict",
            Self::Forbidden(_) => "forbidden",
            Self::RateLimited(_) => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The problem as it is written in the answer to a request.
    pub(crate) fn written(&self, request_id: Option<String>) -> Written<'_> {
        let status = self.status_code();
        Written {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.to_string(),
            code: self.code(),
            request_id,
            errors: match self {
                Self::InvalidParameters(errors) => Some(errors),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidParameters(errors) => {
                let Some(first) = errors.first() else { return Ok(()) };
                write!(f, "{}: {}", first.parameter, first.message)?;
                match errors.len() {
                    1 => Ok(()),
                    count => write!(f, "; and {} more under `errors`", count - 1),
                }
            }
            Self::NotFound(detail)
            | Self::NoAdjustment(detail)
            | Self::Conflict(detail)
            | Self::Forbidden(detail)
            | Self::RateLimited(detail) => f.write_str(detail),
            Self::MethodNotAllowed(allowed) => write!(f, "use {allowed}"),
            Self::NotAcceptable(forms) => f.write_str(forms),
            Self::Unavailable => write!(f, "the store cannot answer now; ask again in {RETRY_AFTER_S} s"),
            Self::Internal => f.write_str("the server failed; the log has more under the request id"),
        }
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidParameters(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
            Self::NoAdjustment(_) | Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        match self {
            Self::Unavailable | Self::RateLimited(_) => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((header::ALLOW, *allowed));
            }
            _ => {}
        }
        let body = self.written(request_id::current());
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}
