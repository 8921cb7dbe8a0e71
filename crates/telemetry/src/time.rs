//! The time of an event.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use tracing_subscriber::fmt::{format::Writer, time::FormatTime};

/// RFC 3339 with offset and milliseconds. UTC, so that lines of different machines sort.
const FORMAT: &str = "%Y-%m-%dT%H:%M:%S.%3f%:z";

/// The current time as text.
pub(crate) fn now() -> String {
    Timestamp::now().to_zoned(TimeZone::UTC).strftime(FORMAT).to_string()
}

/// The same for lines of text.
pub(crate) struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&now())
    }
}
