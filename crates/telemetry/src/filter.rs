//! Which events are written.

use stockpile_settings::LogLevel;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, LevelFilter, Targets, filter_fn};

/// Crates whose `info` is about themselves, not about the service.
const NOISY: [&str; 9] =
    ["actix_http", "actix_rt", "actix_server", "actix_web", "h2", "hyper", "mio", "reqwest", "rustls"];

/// Our crates at `level`, others at `info` and the noisy ones at `warn` at the most.
///
/// Spans up to `info` are always kept: they carry the request that a warning belongs to.
pub(crate) fn at(level: LogLevel) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_targets(NOISY.map(|name| (name, level.min(LevelFilter::WARN))))
        .with_target("stockpile", level);
    filter_fn(move |metadata: &Metadata<'_>| {
        (metadata.is_span() && *metadata.level() <= Level::INFO)
            || targets.would_enable(metadata.target(), metadata.level())
    })
    .with_max_level_hint(level.max(LevelFilter::INFO))
}
