//! What the log looks like.
//!
//! | variable | default | values |
//! |---|---|---|
//! | `LOG_FORMAT` | `auto` | `auto`, `text`, `json` |
//! | `LOG_LEVEL` | `info` | `error`, `warn`, `info`, `debug`, `trace`; a request that a fresh body of the cache answered shows at `debug` |

use crate::{choice::Choice, reader::Reader};

/// What the log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Logging {
    /// Shape of a line. `LOG_FORMAT`, default `auto`.
    pub format: LogFormat,
    /// How much is written. `LOG_LEVEL`, default `info`.
    pub level: LogLevel,
}

/// Shape of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One flat JSON object a line.
    Json,
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("text", Self::Text), ("json", Self::Json)];
}

/// The least important events that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is odd but goes on.
    Warn,
    /// What an operator follows.
    Info,
    /// What a developer follows.
    Debug,
    /// Everything.
    Trace,
}

impl Choice for LogLevel {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Logging {
    Logging {
        format: reader.choice("LOG_FORMAT", LogFormat::Auto),
        level: reader.choice("LOG_LEVEL", LogLevel::Info),
    }
}
