//! How far a file has been read: a bar on a terminal, a plain line now and then elsewhere.

use std::{
    io::{IsTerminal as _, stderr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use stockpile_ingest::{Advance, Progress};

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// A bar when the standard error stream is a terminal, else lines on it.
pub(crate) fn for_terminal() -> Arc<dyn Progress> {
    if stderr().is_terminal() { Arc::new(Bar::default()) } else { Arc::new(Lines::default()) }
}

/// One bar a file, gone when the file is done.
#[derive(Default)]
struct Bar {
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress for Bar {
    fn opened(&self, path: &Path, bytes: u64) {
        let style =
            ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} % {msg} {elapsed}, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bar = ProgressBar::new(bytes).with_style(style).with_prefix(name);
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advanced(&self, advance: Advance) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.set_message(format!("{} rows", HumanCount(advance.rows)));
            bar.set_position(advance.bytes);
        }
    }

    fn closed(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

/// Lines for a log; a file that is done sooner has none.
#[derive(Default)]
struct Lines {
    file: Mutex<Option<(String, u64, Instant)>>,
}

impl Progress for Lines {
    fn opened(&self, path: &Path, bytes: u64) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((path.display().to_string(), bytes, Instant::now()));
    }

    fn advanced(&self, advance: Advance) {
        if let Some((name, bytes, last)) = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner)
            && last.elapsed() >= LINE_EVERY
        {
            *last = Instant::now();
            let percent = advance.bytes * 100 / (*bytes).max(1);
            eprintln!("{name}: {percent} %, {} rows", HumanCount(advance.rows));
        }
    }

    fn closed(&self) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
