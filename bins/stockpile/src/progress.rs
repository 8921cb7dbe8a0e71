//! How far a file has been read: a bar on a terminal, a plain line now and then elsewhere.

use std::{
    io::{IsTerminal as _, Write, stderr},
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
    if stderr().is_terminal() { Arc::new(Bar::default()) } else { Arc::new(Lines::new(LINE_EVERY, stderr())) }
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
            bar.set_message(rows(advance.rows, bar.elapsed()));
            bar.set_position(advance.bytes);
        }
    }

    fn closed(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

/// Rows and how many of them come in a second.
fn rows(count: u64, elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0 => format!("{} rows", HumanCount(count)),
        seconds => format!("{} rows, {} a second", HumanCount(count), HumanCount(count / seconds)),
    }
}

/// How much longer it takes at this pace, seconds; nothing to go by gives nothing.
fn left(done: u64, total: u64, elapsed: Duration) -> Option<u64> {
    let seconds = elapsed.as_secs();
    (done > 0 && seconds > 0).then(|| seconds * total.saturating_sub(done) / done)
}

/// What is being read: its name and size, when it began and when it was last told of.
struct Watched {
    name: String,
    total: u64,
    started: Instant,
    told: Instant,
}

/// Lines for a log; a file that is done sooner has none.
struct Lines<W> {
    every: Duration,
    writer: Mutex<W>,
    file: Mutex<Option<Watched>>,
}

impl<W> Lines<W> {
    fn new(every: Duration, writer: W) -> Self {
        Self { every, writer: Mutex::new(writer), file: Mutex::new(None) }
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn opened(&self, path: &Path, bytes: u64) {
        let now = Instant::now();
        let name = path.display().to_string();
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Watched { name, total: bytes, started: now, told: now });
    }

    fn advanced(&self, advance: Advance) {
        if let Some(Watched { name, total, started, told }) =
            &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner)
            && told.elapsed() >= self.every
        {
            *told = Instant::now();
            let (elapsed, percent) = (started.elapsed(), advance.bytes * 100 / (*total).max(1));
            let mut line = format!("{name}: {percent} %, {}", rows(advance.rows, elapsed));
            if let Some(left) = left(advance.bytes, *total, elapsed) {
                line += &format!(", {left} s left");
            }
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            // A log that cannot be written is no reason to stop.
            let _ = writeln!(writer, "{line}");
        }
    }

    fn closed(&self) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Advance = Advance { bytes: 50, rows: 1234 };

    #[test]
    fn a_log_gets_a_plain_line_now_and_then() {
        let lines = Lines::new(Duration::ZERO, Vec::new());
        lines.opened(Path::new("a.csv"), 100);
        lines.advanced(HALF);
        lines.closed();
        lines.advanced(HALF);
        let seldom = Lines::new(Duration::MAX, Vec::new());
        seldom.opened(Path::new("a.csv"), 100);
        seldom.advanced(HALF);
        assert_eq!(
            String::from_utf8(lines.writer.into_inner().unwrap()).unwrap(),
            "a.csv: 50 %, 1,234 rows\n"
        );
        assert!(seldom.writer.into_inner().unwrap().is_empty());
    }

    #[test]
    fn rate_and_time_left_follow_the_pace() {
        let ten = Duration::from_secs(10);
        assert_eq!(rows(1234, ten), "1,234 rows, 123 a second");
        assert_eq!((left(25, 100, ten), left(100, 100, ten)), (Some(30), Some(0)));
        assert_eq!((left(0, 100, ten), left(1, 100, Duration::ZERO)), (None, None));
    }

    #[test]
    fn a_terminal_gets_a_bar_that_follows_the_file_and_goes() {
        let bar = Bar::default();
        bar.opened(Path::new("folder/a.csv"), 100);
        bar.advanced(HALF);
        {
            let bar = bar.bar.lock().unwrap();
            let bar = bar.as_ref().unwrap();
            assert_eq!((bar.position(), bar.length(), bar.message().as_str()), (50, Some(100), "1,234 rows"));
            assert_eq!(bar.prefix(), "a.csv");
        }
        bar.closed();
        assert!(bar.bar.lock().unwrap().is_none());
    }
}
