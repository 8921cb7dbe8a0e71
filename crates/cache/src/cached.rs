/// Keeps what an `async fn` gives.
pub use stockpile_cache_macros::cached;
