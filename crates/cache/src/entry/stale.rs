use super::{Answered, Entry, EntryWithOutcome};
use crate::{
    Answer, CacheValue, Outcome, Shared, Tier, Why,
    engine::{Found, Leftover, Sight},
    load::{Arrival, Via},
    stamp::TagId,
    trace,
};

impl<V: CacheValue> Entry<'_, V> {
    /// Reads a value from either tier, fresh or within its stale window, and loads nothing.
    ///
    /// For entries that are set by somebody who may fall behind: a price that is a minute too old beats none.
    pub async fn get_or_stale(self) -> Option<Shared<V>> {
        self.with_outcome().get_or_stale().await.map(|(value, _)| value)
    }

    async fn usable(&self) -> Option<Answered<V>> {
        let (engine, terms) = (self.engine, self.terms());
        let _counters = engine.counters(self.kind);
        engine.listen();
        let mut is_known = false;
        if engine.remote.is_some() {
            let (ticket, before) = engine.flights.open(self.at().to_owned());
            let place = engine.place(self.kind, &ticket.key);
            let tags = [TagId::EVERYTHING];
            match engine.find(self.kind, &place, &tags, before, engine.deadline()).await {
                Found::Entry(sight) => {
                    engine.keep(self.kind, &ticket, &sight, &terms);
                    if let Some(answer) = self.take(sight) {
                        return Some(answer);
                    }
                }
                Found::Unknown(_) => {}
                // What this process has and did not check for a while was removed.
                Found::Nothing | Found::Rejected(_) | Found::Foreign => is_known = true,
            }
        }
        // Set meanwhile, or of the time before the backend was lost.
        if let Some(answer) = self.local_answer() {
            return Some(answer);
        }
        let leftover = engine.leftover(self.kind, self.key, &terms, engine.clock.now_ms());
        let Some(leftover) = leftover.filter(|leftover| !(is_known && leftover.is_unchecked)) else {
            engine.counters(self.kind).miss();
            return None;
        };
        let Leftover { value, times, stamps, etag, .. } = leftover;
        let stale = Arrival { value, times, via: Via::Tier(Tier::L1), stamps, etag };
        Some(self.give_stale(stale, Why::NotLoaded))
    }

    /// An entry of the backend, as far as this call may use it.
    fn take(&self, sight: Sight<V>) -> Option<Answered<V>> {
        let (now, times) = (self.engine.clock.now_ms(), sight.facts.times);
        if times.is_fresh(now) {
            self.engine.counters(self.kind).hit(Tier::L2);
            trace::hit(self.kind.name(), self.key, Tier::L2);
            let outcome = Outcome::new(Answer::Fresh { tier: Tier::L2 }, times, now);
            return Some((sight.value, outcome));
        }
        let stale = Arrival::new(sight, Via::Tier(Tier::L2));
        times.is_usable(now, self.terms().stale).then(|| self.give_stale(stale, Why::NotLoaded))
    }
}

impl<V: CacheValue> EntryWithOutcome<'_, V> {
    /// As [`Entry::get_or_stale`].
    pub async fn get_or_stale(self) -> Option<(Shared<V>, Outcome)> {
        match self.0.local_answer() {
            Some(answer) => Some(answer),
            None => Box::pin(self.0.usable()).await,
        }
    }
}
