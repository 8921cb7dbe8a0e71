//! What the driver or the server reported, as this crate's errors.

use std::time::Duration;

use fred::error::{Error as Fault, ErrorKind};

use crate::{Error, NotAsked, Refusal, Result};

pub(super) const NAME: &str = "redis";

/// A server's refusal, in its words, which hold no values and no passwords. One that serves nobody is out of reach.
pub(super) fn refused(text: impl Into<String>) -> Error {
    let text = text.into();
    if OUT_OF_REACH.contains(&first_word(&text)) {
        return unreachable(text);
    }
    Error::Refused { backend: NAME, why: Refusal::of_reply(&text), source: text.into() }
}

pub(super) fn unreachable(text: impl Into<String>) -> Error {
    Error::Unreachable { backend: NAME, source: text.into().into() }
}

pub(super) const fn timed_out(after: Duration) -> Error {
    Error::TimedOut { backend: NAME, after }
}

/// Sorts what the driver reported. Errors of servers start with a word in capitals, such as `READONLY`.
pub(super) fn sort(fault: &Fault, timeout: Duration) -> Error {
    match fault.kind() {
        ErrorKind::Timeout => timed_out(timeout),
        // This process has more commands under way than it may: that says nothing about the server.
        ErrorKind::Backpressure => Error::NotAsked { backend: NAME, why: NotAsked::Crowded },
        ErrorKind::Auth
        | ErrorKind::Config
        | ErrorKind::InvalidArgument
        | ErrorKind::InvalidCommand
        | ErrorKind::Parse
        | ErrorKind::Protocol
        | ErrorKind::Url => refused(fault.to_string()),
        _ if is_reply(fault.details()) => refused(fault.details()),
        _ => unreachable(fault.to_string()),
    }
}

/// Words of servers that answer, and serve nobody.
const OUT_OF_REACH: [&str; 3] = ["CLUSTERDOWN", "LOADING", "MASTERDOWN"];

/// Returns true for text such as `READONLY You can't write against a read only replica.` A server that serves nobody
/// is out of reach, whoever says so.
pub(super) fn is_reply(text: &str) -> bool {
    let word = first_word(text);
    word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_uppercase()) && !OUT_OF_REACH.contains(&word)
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// A mistake in the settings that the driver found.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
pub(super) fn setting(fault: Fault) -> Error {
    refused(fault.to_string())
}

pub(super) fn unexpected<T>(what: &'static str) -> Result<T> {
    Err(refused(format!("the answer is no {what}")))
}

#[cfg(test)]
mod tests {
    use fred::types::Resp3Frame as Frame;

    use super::*;
    use crate::{Failure, backend::redis::reply};

    fn answer(text: &'static str) -> Error {
        reply::done(Frame::SimpleError { data: text.into(), attributes: None }).unwrap_err()
    }

    #[test]
    fn server_that_serves_nobody_is_out_of_reach_on_a_live_connection_too() {
        for text in [
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "CLUSTERDOWN The cluster is down",
        ] {
            let error = answer(text);
            assert!(error.is_transient() && matches!(error, Error::Unreachable { .. }), "{error:?}");
        }
        let busy = answer("BUSY Redis is busy running a script.");
        assert!(busy.is_transient() && busy.refusal() == Some(Refusal::Busy));
        assert!(!answer("READONLY You can't write against a read only replica.").is_transient());
    }

    #[test]
    fn too_many_commands_of_this_process_are_no_failure_of_the_server() {
        let fault = Fault::new(ErrorKind::Backpressure, "Max in-flight commands reached.");
        assert_eq!(Failure::of(&sort(&fault, Duration::ZERO)), None);
    }
}
