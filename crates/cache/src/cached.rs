#[doc = include_str!("../docs/cached.md")]
pub use stockpile_cache_macros::cached;
