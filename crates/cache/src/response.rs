#![doc = include_str!("../docs/response.md")]

#[cfg(feature = "actix")]
mod actix;
mod answer;
mod control;
mod judge;
mod request;
mod rules;
mod stored;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "actix")]
pub use self::actix::ResponseCacheMiddleware;
#[cfg(feature = "tower")]
pub use self::tower::{ResponseCacheLayer, ResponseCacheService};
pub use self::{rules::ResponseCache, stored::StoredResponse};
