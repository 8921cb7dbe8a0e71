//! Steps that ask or change the backend.

use bytes::Bytes;
use futures_util::future::join;

use super::{Engine, Place, Sight};
use crate::{
    CacheValue, Codec, Kind, Lifetime, Rejection, Result,
    envelope::{self, Reject},
    flights::{Before, Ticket},
    generations::Verdict,
    limits::coded,
    policy::Terms,
    remote::Remote,
    stamp::TagId,
};

/// What the backend said about a key.
pub(crate) enum Found<V: CacheValue> {
    Entry(Sight<V>),
    /// The backend answered and has nothing of use.
    Nothing,
    /// A newer release wrote it: not for us, and not to be overwritten.
    Foreign,
    /// There is no backend, or it did not answer.
    Unknown,
}

impl Engine {
    /// Asks the backend for an entry, and at once for the generations of `tags` that are not known. `before` is
    /// waited for first; when that takes too long the backend is not asked, as it might give what was just deleted.
    pub(crate) async fn find<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        place: &Place,
        tags: &[TagId],
        before: Before,
    ) -> Found<V> {
        let Some(remote) = &self.remote else { return Found::Unknown };
        if !place.takes_values || !self.settled(before).await {
            return Found::Unknown;
        }
        let get = remote.call(remote.backend().get(&place.raw));
        let (answer, ()) = join(get, self.learn(tags)).await;
        match answer {
            Ok(Some(bytes)) => self.confirm(self.open(kind, place, &bytes)).await,
            Ok(None) => Found::Nothing,
            Err(error) => {
                self.backend_failed(kind, &error);
                Found::Unknown
            }
        }
    }

    /// Asks for many entries at once; one answer per place. Where nothing may be stored, nothing is.
    pub(crate) async fn ask_many(&self, remote: &Remote, places: &[Place]) -> Result<Vec<Option<Bytes>>> {
        let asked = places.iter().filter(|place| place.takes_values);
        let raws: Vec<_> = asked.map(|place| place.raw.clone()).collect();
        // A backend that gives fewer answers than keys gives misses.
        let mut answers = remote.call(remote.backend().get_many(&raws)).await?.into_iter();
        let answer = |place: &Place| if place.takes_values { answers.next().flatten() } else { None };
        Ok(places.iter().map(answer).collect())
    }

    /// Waits for earlier writes, within the budget; false when they take longer.
    pub(crate) async fn settled(&self, before: Before) -> bool {
        let Some(remote) = self.remote.as_ref().filter(|_| !before.is_empty()) else { return true };
        tokio::time::timeout(remote.budget, before.wait()).await.is_ok()
    }

    /// Reads stored bytes; whatever is wrong with them is counted, and nothing found.
    pub(crate) fn open<V: CacheValue>(&self, kind: &Kind<V>, place: &Place, bytes: &Bytes) -> Found<V> {
        let now = self.clock.now_ms();
        match envelope::open(bytes, place.seal, now) {
            Ok(opened) if opened.facts.times.dead_at <= now => Found::Nothing,
            Ok(opened) => {
                let weight = opened.payload.len() as u64;
                if let Some(value) = coded(|| V::Codec::decode(opened.payload)) {
                    return Found::Entry(Sight { value, facts: opened.facts, weight });
                }
                self.rejected(kind, place, Rejection::NotDecodable);
                Found::Nothing
            }
            Err(reject) => {
                self.rejected(kind, place, Rejection::of(reject));
                if reject == Reject::Newer { Found::Foreign } else { Found::Nothing }
            }
        }
    }

    /// Holds an entry against the generations it was made under.
    pub(crate) async fn confirm<V: CacheValue>(&self, found: Found<V>) -> Found<V> {
        let Found::Entry(sight) = found else { return found };
        let answers = self.ask_for(std::iter::once(&sight.facts.stamps)).await;
        let verdict = self.verdict_by(&sight.facts.stamps, &answers);
        self.apply(sight, verdict)
    }

    /// Holds many entries against their generations; asks the backend once at most.
    pub(crate) async fn confirm_many<V: CacheValue>(&self, found: Vec<Found<V>>) -> Vec<Found<V>> {
        let stamps = found.iter().filter_map(|found| match found {
            Found::Entry(sight) => Some(&sight.facts.stamps),
            _ => None,
        });
        let answers = self.ask_for(stamps).await;
        let confirm = |found| match found {
            Found::Entry(sight) => {
                let verdict = self.verdict_by(&sight.facts.stamps, &answers);
                self.apply(sight, verdict)
            }
            other => other,
        };
        found.into_iter().map(confirm).collect()
    }

    fn apply<V: CacheValue>(&self, mut sight: Sight<V>, verdict: Verdict) -> Found<V> {
        match verdict {
            Verdict::Valid => {}
            Verdict::Stale => sight.facts.times = sight.facts.times.expired(self.clock.now_ms()),
            Verdict::Gone => return Found::Nothing,
        }
        Found::Entry(sight)
    }

    /// Reads one entry from the backend into this process, fresh or not at all.
    pub(crate) async fn fetch<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        ticket: &Ticket,
        before: Before,
    ) -> Option<Sight<V>> {
        let place = self.place(kind, &ticket.key);
        let found = self.find(kind, &place, &[TagId::EVERYTHING], before).await;
        self.take(ticket, found, &self.terms(kind))
    }

    /// Keeps what was found in this process, and gives it when it is fresh.
    pub(crate) fn take<V: CacheValue>(
        &self,
        ticket: &Ticket,
        found: Found<V>,
        terms: &Terms,
    ) -> Option<Sight<V>> {
        let Found::Entry(sight) = found else { return None };
        ticket.fill(|| self.fill_l1::<V>(&ticket.key, &sight.value, &sight.facts, sight.weight, terms));
        sight.facts.times.is_fresh(self.clock.now_ms()).then_some(sight)
    }

    /// Writes sealed bytes for so many milliseconds; true when the backend took them.
    pub(crate) async fn write<V>(&self, kind: &Kind<V>, place: &Place, sealed: Bytes, millis: u64) -> bool {
        let (Some(remote), Some(lifetime)) = (&self.remote, Lifetime::from_millis(millis)) else {
            return false;
        };
        let written = remote.call(remote.backend().set(&place.raw, sealed, lifetime)).await;
        written.inspect_err(|error| self.backend_failed(kind, error)).is_ok()
    }

    /// Deletes from the backend; says whether there was something, or `None` when it failed.
    pub(crate) async fn erase<V>(&self, kind: &Kind<V>, place: &Place) -> Option<bool> {
        let Some(remote) = &self.remote else { return Some(false) };
        let deleted: Result<bool> = remote.call(remote.backend().delete(&place.raw)).await;
        deleted.inspect_err(|error| self.backend_failed(kind, error)).ok()
    }
}
