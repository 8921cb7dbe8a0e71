//! What the programs tell about themselves: logs, to the standard error stream, and metrics for Prometheus.
//!
//! Text on a terminal, elsewhere one flat JSON object a line:
//!
//! ```json
//! {"asctime":"2025-02-05T07:00:00.123+00:00","name":"stockpile_server","levelname":"INFO","message":"answered",
//!  "service":"stockpile-server","status":200,"duration_ms":1.25,"request_id":"0194d4f1","method":"GET","path":"/health"}
//! ```
//!
//! (one line in truth). Fields of the event come first, then those of the spans around it, innermost first; where two have
//! the same name the inner one counts. A field of ours called like one of the first five gets an underscore at its end.
//!
//! ```
//! use stockpile_settings::{LogFormat, LogLevel};
//!
//! stockpile_telemetry::init(LogFormat::Auto, LogLevel::Info, "stockpile-server")?;
//! tracing::info!(port = 8000, "listening");
//! # Ok::<(), stockpile_telemetry::Error>(())
//! ```

mod error;
mod fields;
mod filter;
mod json;
mod metrics;
mod time;

use std::{
    env,
    io::{self, IsTerminal},
};

pub use error::{Error, Result};
pub use metrics::Exporter;
use stockpile_settings::{LogFormat, LogLevel};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// Starts the log of this process on the standard error stream; `service` names the program.
///
/// What dependencies write through the `log` crate is taken in as well.
///
/// # Errors
///
/// [`Error::AlreadyStarted`] when this process has a log.
pub fn init(format: LogFormat, level: LogLevel, service: &str) -> Result<()> {
    subscriber(format, level, service, io::stderr).try_init().map_err(|_| Error::AlreadyStarted)
}

/// Builds the log on any writer, for tests and for programs with a log of their own.
///
/// Each event is one write. A failed write loses that event and nothing else.
pub fn subscriber<W>(
    format: LogFormat,
    level: LogLevel,
    service: &str,
    writer: W,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let terminal = io::stderr().is_terminal();
    // The filter is that of the whole subscriber: as the layer's own it would be asked for each span and each entering of one.
    let filtered = tracing_subscriber::registry().with(filter::at(level));
    let layer: Box<dyn Layer<_> + Send + Sync> = match format {
        LogFormat::Auto if terminal => text(writer, terminal),
        LogFormat::Text => text(writer, terminal),
        LogFormat::Auto | LogFormat::Json => Box::new(json::Lines::new(service, writer)),
    };
    filtered.with(layer)
}

fn text<S, W>(writer: W, terminal: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // https://no-color.org: any text but an empty one.
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Box::new(fmt::layer().with_timer(time::Clock).with_ansi(terminal && !plain).with_writer(writer))
}
