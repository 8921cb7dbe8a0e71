//! Steps that ask or change the backend.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join;

use super::{Engine, Place, Sealed, Sight};
use crate::{
    CacheValue, Codec, Error, Kind, NotAsked, Refusal, Rejection, Result, Unstorable,
    envelope::{self, Reject},
    flights::{Before, Ticket},
    generations::Verdict,
    limits::coded,
    policy::Terms,
    remote::{Deadline, Receipt, Remote, Turn},
    stamp::TagId,
};

/// What the backend said about a key.
pub(crate) enum Found<V: CacheValue> {
    Entry(Sight<V>),
    /// The backend answered and has nothing.
    Nothing,
    /// It has something that is not the entry.
    Rejected(Error),
    /// A newer release wrote it: not for us, and not to be overwritten.
    Foreign,
    /// There is no backend, or it did not answer, and why.
    Unknown(Option<Error>),
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
        deadline: Deadline,
    ) -> Found<V> {
        let Some(remote) = &self.remote else { return Found::Unknown(None) };
        if !place.takes_values {
            return Found::Unknown(Some(Error::Unstorable(Unstorable::KeyTooLong)));
        }
        if let Err(error) = self.turn(remote, before, deadline).await {
            return Found::Unknown(Some(error));
        }
        let answer = if self.are_known(tags) {
            remote.get(&place.raw, deadline).await
        } else {
            Box::pin(join(remote.get(&place.raw, deadline), self.learn(tags, deadline))).await.0
        };
        match answer {
            Ok(Some(bytes)) => match self.confirm_known(self.open(kind, place, &bytes)) {
                Ok(found) => found,
                Err(sight) => Box::pin(self.confirm(sight, deadline)).await,
            },
            Ok(None) => Found::Nothing,
            Err(error) if error.refusal() == Some(Refusal::WrongType) => {
                self.rejected(kind, place, Rejection::NoBytes);
                Found::Rejected(error)
            }
            Err(error) => {
                self.backend_fault(kind, &error);
                Found::Unknown(Some(error))
            }
        }
    }

    /// Asks for many entries at once; one answer per place. Where nothing may be stored, nothing is.
    pub(crate) async fn ask_many(
        &self,
        remote: &Arc<Remote>,
        places: &[Place],
        deadline: Deadline,
    ) -> Result<Vec<Option<Bytes>>> {
        let asked = places.iter().filter(|place| place.takes_values);
        let raws: Vec<_> = asked.map(|place| place.raw.clone()).collect();
        if raws.is_empty() {
            return Ok(vec![None; places.len()]);
        }
        // A backend that gives fewer answers than keys gives misses.
        let mut answers = remote.get_many(&raws, deadline).await?.into_iter();
        let answer = |place: &Place| if place.takes_values { answers.next().flatten() } else { None };
        Ok(places.iter().map(answer).collect())
    }

    /// Starts the time a request may spend on the backend, over all it asks of it.
    pub(crate) fn deadline(&self) -> Deadline {
        self.remote.as_ref().map_or_else(|| Deadline::after(Duration::ZERO), |remote| remote.deadline())
    }

    /// Numbers a change of an entry. To be called with the key's lock held.
    pub(crate) fn order(&self) -> u64 {
        self.remote.as_ref().map_or(0, |remote| remote.order())
    }

    /// Waits for earlier writes, within the request's budget; false when they take longer.
    pub(crate) async fn settled(&self, before: Before, deadline: Deadline) -> bool {
        before.is_empty() || deadline.wait_for(before.wait()).await.is_some()
    }

    /// Waits until a read may ask the backend: after earlier writes, as it might give what was just deleted.
    ///
    /// Nobody waits for his turn at a backend that is not asked. Nor is it asked out of turn then: it may be back before
    /// the question gets there.
    pub(crate) async fn turn(&self, remote: &Arc<Remote>, before: Before, deadline: Deadline) -> Result<()> {
        if before.is_empty() {
            return Ok(());
        }
        remote.offer()?;
        match Box::pin(self.settled(before, deadline)).await {
            true => Ok(()),
            false => Err(remote.not_asked(NotAsked::BudgetSpent)),
        }
    }

    /// Reads stored bytes; whatever is wrong with them is counted, and nothing found.
    pub(crate) fn open<V: CacheValue>(&self, kind: &Kind<V>, place: &Place, bytes: &Bytes) -> Found<V> {
        let now = self.clock.now_ms();
        match envelope::open(bytes, place.seal, now) {
            Ok(opened) if opened.facts.times.dead_at <= now => Found::Nothing,
            Ok(opened) => {
                let weight = opened.payload.len() as u64;
                if let Some(value) = coded(|| V::Codec::decode(opened.payload)) {
                    return Found::Entry(Sight { value, facts: opened.facts, weight, doubt: None });
                }
                self.rejected(kind, place, Rejection::NotDecodable);
                Found::Rejected(Error::Rejected(Rejection::NotDecodable))
            }
            Err(reject) => {
                let why = Rejection::of(reject);
                self.rejected(kind, place, why);
                if reject == Reject::Newer { Found::Foreign } else { Found::Rejected(Error::Rejected(why)) }
            }
        }
    }

    /// Holds an entry against the generations it was made under; gives it back when one of them must be asked for.
    fn confirm_known<V: CacheValue>(&self, found: Found<V>) -> Result<Found<V>, Sight<V>> {
        let Found::Entry(sight) = found else { return Ok(found) };
        match self.verdict(&sight.facts.stamps) {
            Some(verdict) => Ok(self.apply(sight, verdict)),
            None => Err(sight),
        }
    }

    /// The same, and asks.
    async fn confirm<V: CacheValue>(&self, mut sight: Sight<V>, deadline: Deadline) -> Found<V> {
        let (answers, doubt) = match self.ask_for(std::iter::once(&sight.facts.stamps), deadline).await {
            Ok(answers) => (answers, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        sight.doubt = doubt;
        let verdict = self.verdict_by(&sight.facts.stamps, &answers);
        self.apply(sight, verdict)
    }

    /// Holds many entries against their generations; asks the backend once at most.
    pub(crate) async fn confirm_many<V: CacheValue>(
        &self,
        found: Vec<Found<V>>,
        deadline: Deadline,
    ) -> (Vec<Found<V>>, Option<Error>) {
        let stamps = found.iter().filter_map(|found| match found {
            Found::Entry(sight) => Some(&sight.facts.stamps),
            _ => None,
        });
        let (answers, doubt) = match self.ask_for(stamps, deadline).await {
            Ok(answers) => (answers, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let confirm = |found| match found {
            Found::Entry(sight) => {
                let verdict = self.verdict_by(&sight.facts.stamps, &answers);
                self.apply(sight, verdict)
            }
            other => other,
        };
        (found.into_iter().map(confirm).collect(), doubt)
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
    ) -> Result<Option<Sight<V>>> {
        let place = self.place(kind, &ticket.key);
        let found = self.find(kind, &place, &[TagId::EVERYTHING], before, self.deadline()).await;
        self.take(kind, ticket, found)
    }

    /// Keeps what was found in this process, and gives it when it is fresh. An error says why that is not known.
    pub(crate) fn take<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        ticket: &Ticket,
        found: Found<V>,
    ) -> Result<Option<Sight<V>>> {
        let mut sight = match found {
            Found::Entry(sight) => sight,
            Found::Nothing | Found::Unknown(None) => return Ok(None),
            Found::Foreign => return Err(Error::Rejected(Rejection::Newer)),
            Found::Rejected(error) | Found::Unknown(Some(error)) => return Err(error),
        };
        self.keep(kind, ticket, &sight, &self.terms(kind));
        match (sight.facts.times.is_fresh(self.clock.now_ms()), sight.doubt.take()) {
            (true, _) => Ok(Some(sight)),
            (false, Some(doubt)) => Err(doubt),
            (false, None) => Ok(None),
        }
    }

    /// Keeps what was found in this process, unless the entry was changed meanwhile.
    pub(crate) fn keep<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        ticket: &Ticket,
        sight: &Sight<V>,
        terms: &Terms,
    ) {
        ticket.fill(|| self.fill_l1(kind, &ticket.key, &sight.value, &sight.facts, sight.weight, terms));
    }

    /// Writes the sealed bytes of a load for so many milliseconds, unless the entry was changed meanwhile; true when the
    /// backend has them.
    pub(crate) async fn write_fill<V>(
        &self,
        kind: &Kind<V>,
        place: &Place,
        sealed: Sealed,
        millis: u64,
        ticket: &Ticket,
    ) -> bool {
        let Sealed { bytes, before, is_fill } = sealed;
        let deadline = self.deadline();
        let settled = self.settled(before, deadline).await;
        let mut order = 0;
        // Under the key's lock, so that this write comes before every later change.
        if millis == 0 || !ticket.fill(|| order = self.order()) {
            return false;
        }
        let turn = Turn { order, settled, deadline };
        let written = self.write(kind, place, bytes, millis, is_fill, turn).await.answer.is_some();
        if ticket.pass.is_void() {
            // Changed elsewhere while this was being written: what is there now is too old.
            self.erase(kind, place, Turn { deadline: self.deadline(), ..turn }).await;
            return false;
        }
        written
    }

    /// Writes sealed bytes for so many milliseconds. `fill` says that a load made them.
    pub(crate) async fn write<V>(
        &self,
        kind: &Kind<V>,
        place: &Place,
        sealed: Bytes,
        millis: u64,
        fill: bool,
        turn: Turn,
    ) -> Receipt<()> {
        let Some(remote) = &self.remote else { return Receipt::default() };
        let dead_at = self.clock.now_ms().saturating_add(millis);
        self.counted(kind, remote.set(&place.raw, sealed, dead_at, fill, turn).await)
    }

    /// Deletes from the backend; the answer says whether there was something. Where nothing may be stored there is not,
    /// and nobody is asked: who makes up keys must not send megabytes of them, nor fill the queue of an outage.
    pub(crate) async fn erase<V>(&self, kind: &Kind<V>, place: &Place, turn: Turn) -> Receipt<bool> {
        let Some(remote) = &self.remote else { return Receipt::default() };
        if !place.takes_values {
            return Receipt::of(false);
        }
        self.counted(kind, remote.delete(&place.raw, turn).await)
    }

    fn counted<V, T>(&self, kind: &Kind<V>, receipt: Receipt<T>) -> Receipt<T> {
        if let Some(failure) = receipt.failure() {
            self.backend_failed(kind, failure);
        }
        receipt
    }
}
