//! What a log is given: hits at debug level, loads as spans, and few lines however many loads fail.

use std::{
    io,
    sync::{Arc, Mutex},
};

use stockpile_cache::LoadError;
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

use crate::kit::{PAGE, Rig, SECOND, settle, text};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes the lines from here on, on this thread.
    fn at(level: Level) -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .without_time()
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines about this crate.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("stockpile_cache")).map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn hit_is_logged_at_debug_level_with_kind_key_and_tier() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("worth hiding")).await;
    let other = rig.node();
    let (log, _guard) = Log::at(Level::DEBUG);
    rig.cache.get(&PAGE, "k").await;
    other.get(&PAGE, "k").await;
    let hits: Vec<_> = log.lines().into_iter().filter(|line| line.contains("hit")).collect();
    assert_eq!(hits.len(), 2, "{hits:?}");
    for (hit, tier) in hits.iter().zip(["l1", "l2"]) {
        assert!(
            hit.contains("DEBUG") && hit.contains(r#"kind="page" key="k""#) && hit.contains(tier),
            "{hit}"
        );
    }
    assert!(!log.lines().concat().contains("worth hiding"));
}

#[tokio::test]
async fn hit_is_not_logged_above_debug_level() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("v")).await;
    let (log, _guard) = Log::at(Level::INFO);
    rig.cache.get(&PAGE, "k").await;
    rig.cache.get(&PAGE, "other").await;
    assert_eq!(log.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn load_runs_in_a_span_with_kind_and_key() {
    let rig = Rig::tiered();
    let (log, _guard) = Log::at(Level::INFO);
    let load = |_| async {
        tracing::info!(target: "loader", "within");
        Ok::<_, ()>(text("v"))
    };
    rig.cache.entry(&PAGE, "k").get_or_load(load).await.unwrap();
    settle().await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains(r#"cache load{kind="page" key="k"}: loader: within"#), "{text}");
    assert!(text.contains("close"), "{text}");
}

#[tokio::test]
async fn thousand_failed_loads_are_few_lines_that_say_how_many_they_stand_for() {
    let rig = Rig::local();
    let (log, _guard) = Log::at(Level::WARN);
    for second in 0..21 {
        for _ in 0..50 {
            let load = |_| async { Err::<bytes::Bytes, _>("secret of the loader") };
            let answer = rig.cache.entry(&PAGE, "k").get_or_load(load).await;
            assert!(matches!(answer, Err(LoadError::Loader(_))), "{second}");
        }
        rig.clock.advance(SECOND);
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].contains("not_logged_before=0") && lines[1].contains("not_logged_before=499"),
        "{lines:?}"
    );
    assert!(!lines.concat().contains("secret"));
}
