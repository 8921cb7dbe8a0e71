//! Lines of results on the standard output.

use std::io::{ErrorKind, Write as _, stdout};

use crate::exit::Exit;

/// Writes a line. A reader that has gone away stops no work; a line that is lost otherwise is a failure.
pub(crate) fn say(line: &str) -> Exit {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: the result cannot be written: {error}");
            Exit::Failed
        }
        _ => Exit::Ok,
    }
}

/// Waits, such as for a quota, are told while they last.
pub(crate) fn tell_warnings() {
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .try_init();
}
