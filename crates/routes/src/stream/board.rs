//! The latest quote of every security that somebody watches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use stockpile_market::TsCode;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// How long a security that nobody watches any more is looked at: a client that comes back costs the store nothing.
const KEEP: Duration = Duration::from_secs(60);

/// A quote as it is sent.
#[derive(Debug)]
pub(super) struct Value {
    /// Larger than that of every value published before; from 1.
    pub(super) id: u64,
    /// What `/api/stock/{code}/quote` answers.
    pub(super) json: Box<str>,
}

/// The place of one security on the board.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) code: TsCode,
    value: ArcSwapOption<Value>,
}

#[derive(Debug)]
struct Kept {
    line: Arc<Line>,
    last_watched: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    published: u64,
    ended: bool,
}

/// Where the sampler puts quotes and connections find them.
#[derive(Debug)]
pub(super) struct Board {
    lines: Mutex<HashMap<TsCode, Kept>>,
    progress: watch::Sender<Progress>,
    added: Notify,
}

impl Board {
    pub(super) fn new() -> Self {
        let progress = watch::Sender::new(Progress::default());
        Self { lines: Mutex::default(), progress, added: Notify::new() }
    }

    pub(super) fn subscription(self: &Arc<Self>) -> Subscription {
        let progress = self.progress.subscribe();
        Subscription { board: self.clone(), watched: Vec::new(), next: 0, progress }
    }

    /// What is to be looked at; forgets what nobody has watched for a while.
    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        let (mut lines, now) = (self.lock(), Instant::now());
        lines.retain(|_, kept| {
            // The board's own is one. Another can only come from under this lock.
            if Arc::strong_count(&kept.line) > 1 {
                kept.last_watched = now;
            }
            now - kept.last_watched < KEEP
        });
        lines.values().map(|kept| kept.line.clone()).collect()
    }

    /// Puts up a quote, unless it is the one that stands there.
    pub(super) fn publish(&self, line: &Line, json: Box<str>) {
        if line.value.load().as_ref().is_some_and(|value| value.json == json) {
            return;
        }
        // The value stands before anybody is told of it.
        self.progress.send_modify(|progress| {
            progress.published += 1;
            line.value.store(Some(Arc::new(Value { id: progress.published, json })));
        });
    }

    /// Waits for a line that was not there.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    pub(super) fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) {
        let mut progress = self.progress.subscribe();
        // The board holds the sender, so this cannot fail while it is borrowed.
        let _ = progress.wait_for(|progress| progress.ended).await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TsCode, Kept>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one connection watches, and what of it the client has.
#[derive(Debug)]
pub(super) struct Subscription {
    board: Arc<Board>,
    watched: Vec<Watched>,
    /// Where the next look begins, so that no line waits for another.
    next: usize,
    progress: watch::Receiver<Progress>,
}

#[derive(Debug)]
struct Watched {
    line: Arc<Line>,
    sent: u64,
}

impl Subscription {
    pub(super) fn len(&self) -> usize {
        self.watched.len()
    }

    pub(super) fn watches(&self, code: TsCode) -> bool {
        self.watched.iter().any(|watched| watched.line.code == code)
    }

    /// Watches more; the present quote of each comes next.
    pub(super) fn add(&mut self, codes: &[TsCode]) {
        let (mut lines, now) = (self.board.lock(), Instant::now());
        for code in codes {
            let kept = lines.entry(*code).or_insert_with(|| {
                let line = Arc::new(Line { code: *code, value: ArcSwapOption::empty() });
                Kept { line, last_watched: now }
            });
            self.watched.push(Watched { line: kept.line.clone(), sent: 0 });
        }
        drop(lines);
        self.board.added.notify_one();
    }

    pub(super) fn remove(&mut self, is_removed: impl Fn(TsCode) -> bool) {
        self.watched.retain(|watched| !is_removed(watched.line.code));
        self.next = 0;
    }

    /// A quote the client does not have, if there is one now.
    pub(super) fn ready(&mut self) -> Option<Arc<Value>> {
        let count = self.watched.len();
        for step in 0..count {
            let place = (self.next + step) % count;
            let watched = &mut self.watched[place];
            let newer = |value: &Arc<Value>| value.id > watched.sent;
            if let Some(value) = watched.line.value.load().as_ref().filter(|value| newer(value)) {
                watched.sent = value.id;
                self.next = place + 1;
                return Some(value.clone());
            }
        }
        None
    }

    /// Waits for a quote the client does not have; `None` once the streams end.
    ///
    /// Nothing is lost when the wait is given up.
    pub(super) async fn changed(&mut self) -> Option<Arc<Value>> {
        loop {
            // Before the look, so that what is published during it is not slept over.
            if self.progress.borrow_and_update().ended {
                return None;
            }
            if let Some(value) = self.ready() {
                return Some(value);
            }
            self.progress.changed().await.ok()?;
        }
    }

    pub(super) fn board(&self) -> &Arc<Board> {
        &self.board
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(number: u32) -> TsCode {
        format!("{number}.SH").parse().unwrap()
    }

    #[tokio::test]
    async fn only_the_latest_of_each_code_is_handed_out_each_in_its_turn() {
        let board = Arc::new(Board::new());
        let mut subscription = board.subscription();
        subscription.add(&[code(600_000), code(600_001)]);
        for line in board.lines() {
            for price in 0..1000 {
                board.publish(&line, format!("{} {price}", line.code).into());
            }
        }
        let mut seen = [subscription.changed().await.unwrap(), subscription.changed().await.unwrap()]
            .map(|value| value.json.to_string());
        seen.sort();
        assert_eq!(seen, ["600000.SH 999", "600001.SH 999"]);
        assert!(subscription.ready().is_none());
        // A line that always has something new does not keep the other waiting.
        for _ in 0..3 {
            for line in board.lines() {
                board.publish(&line, format!("{} {}", line.code, board.progress.borrow().published).into());
            }
            let (one, other) = (subscription.ready().unwrap(), subscription.ready().unwrap());
            assert_ne!(one.json[..9], other.json[..9]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_watches_any_more_is_kept_for_a_minute() {
        let board = Arc::new(Board::new());
        let mut subscription = board.subscription();
        subscription.add(&[code(600_000)]);
        tokio::time::advance(KEEP * 3).await;
        assert_eq!(board.lines().len(), 1, "watched all the time");
        drop(subscription);
        tokio::time::advance(KEEP - Duration::from_secs(1)).await;
        assert_eq!(board.lines().len(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(board.lines().len(), 0);
    }
}
