//! What this process knows about generations: what tells whether an entry it holds was invalidated since.

use std::{
    collections::HashMap,
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    Generation, Invalidation,
    stamp::{Stamp, Stamps, TagId},
    trust::Trust,
};

/// Tags known at once. When there are more, they are forgotten but for those the backend has yet to be told of.
const MOST_TAGS: usize = 65_536;

#[derive(Debug)]
pub(crate) struct Generations {
    known: RwLock<HashMap<TagId, Known>>,
    /// Grows with every change that was learned of.
    news: AtomicU64,
    /// Whether tags were forgotten since somebody asked.
    forgot: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    generation: Generation,
    checked_at: u64,
    /// The number of the news that brought this value.
    news: u64,
    /// The number of the last news that this process made itself.
    own_news: u64,
    /// Changed here and not yet in the backend: the value is made up, and what the backend says is too old.
    pending: Option<Invalidation>,
    /// The backend has lost it: nothing is valid under it, and it must be made anew. What was removed here stays so.
    lost: bool,
}

/// What stamps say about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Nothing it was made under has changed.
    Valid,
    /// It was expired: it may stand in for a load.
    Stale,
    /// It was removed.
    Gone,
}

impl Generations {
    pub(crate) fn new() -> Self {
        Self { known: RwLock::default(), news: AtomicU64::new(0), forgot: AtomicBool::new(false) }
    }

    /// Judges an entry of this process by the news alone.
    #[inline]
    pub(crate) fn judge_local(&self, stamps: &Stamps) -> Verdict {
        if stamps.is_empty() { Verdict::Valid } else { self.judge_news(stamps) }
    }

    fn judge_news(&self, stamps: &Stamps) -> Verdict {
        let known = self.read();
        let verdict =
            |stamp: Stamp| known.get(&stamp.tag).map_or(Verdict::Valid, |known| known.verdict(stamp));
        stamps.iter().map(verdict).max().unwrap_or(Verdict::Valid)
    }

    /// Judges an entry of the backend, when all it was made under is known well enough; else says what to ask for.
    pub(crate) fn judge(&self, stamps: &Stamps, trust: &Trust, now: u64) -> Result<Verdict, Vec<TagId>> {
        let known = self.read();
        let (mut verdict, mut unknown) = (Verdict::Valid, Vec::new());
        for stamp in stamps.iter() {
            match known.get(&stamp.tag) {
                Some(known) if known.answers_for(stamp, trust, now) => {
                    verdict = verdict.max(known.verdict(stamp));
                }
                _ => unknown.push(stamp.tag),
            }
        }
        if unknown.is_empty() { Ok(verdict) } else { Err(unknown) }
    }

    /// Judges by what the backend just said as well. A counter it does not have, or did not tell of, makes an entry stale, unless
    /// this process knows that it was removed. A counter only grows: when the backend knows an older value than this process it has
    /// forgotten some, and nothing is valid by it.
    pub(crate) fn judge_by(
        &self,
        stamps: &Stamps,
        answers: &[(TagId, Option<Generation>)],
        trust: &Trust,
        now: u64,
    ) -> Verdict {
        let known = self.read();
        let judge = |stamp: Stamp| {
            let known = known.get(&stamp.tag);
            if let Some(known) = known.filter(|known| known.answers_for(stamp, trust, now)) {
                return known.verdict(stamp);
            }
            let by_known = known.map_or(Verdict::Valid, |known| known.verdict(stamp));
            match answers.iter().find(|(tag, _)| *tag == stamp.tag) {
                Some((_, Some(said))) if known.is_some_and(|known| said.latest < known.generation.latest) => {
                    by_known.max(Verdict::Stale)
                }
                Some((_, Some(said))) => {
                    // A counter that was made anew does not tell of removals before.
                    let removed = known.map_or(0, Known::removed).max(said.removed);
                    verdict(Generation { removed, ..*said }, stamp)
                }
                Some((_, None)) | None => by_known.max(Verdict::Stale),
            }
        };
        stamps.iter().map(judge).max().unwrap_or(Verdict::Valid)
    }

    /// Returns the tags whose generation must be asked for before something is stored under them.
    pub(crate) fn unknown(&self, tags: &[TagId], trust: &Trust, now: u64) -> Vec<TagId> {
        let known = self.read();
        let is_good =
            |known: &Known| known.pending.is_some() || !known.lost && trust.holds(known.checked_at, now);
        tags.iter().filter(|tag| !known.get(tag).is_some_and(is_good)).copied().collect()
    }

    /// Stamps something made now under `tags`. What is not known is stamped so, and is good in this process only.
    pub(crate) fn stamp(&self, tags: &[TagId]) -> Stamps {
        let known = self.read();
        let latest = |tag| known.get(tag).map_or(0, |known: &Known| known.generation.latest);
        tags.iter().map(|tag| Stamp { tag: *tag, latest: latest(tag) }).collect()
    }

    /// Whether every generation is known from the backend, be it from long ago.
    pub(crate) fn are_real(&self, tags: &[TagId]) -> bool {
        let known = self.read();
        tags.iter().all(|tag| known.get(tag).is_some_and(Known::is_real))
    }

    /// Takes in what the backend or another process said about a counter.
    pub(crate) fn learn(&self, tag: TagId, generation: Generation, trust: &Trust, now: u64) {
        let mut known = self.write(trust, now);
        let before = known.get(&tag).copied();
        // Answers overtake each other, and a counter only grows.
        if before
            .is_some_and(|before| before.pending.is_some() || before.generation.latest > generation.latest)
        {
            return;
        }
        let removed = before.as_ref().map_or(0, Known::removed).max(generation.removed);
        let generation = Generation { removed, ..generation };
        let same = before.filter(|before| before.generation == generation && !before.lost);
        let news = same.map_or_else(|| self.next_news(), |before| before.news);
        let own_news = before.map_or(0, |before| before.own_news);
        known.insert(tag, Known { generation, checked_at: now, news, own_news, pending: None, lost: false });
    }

    /// Invalidates in this process, before the backend is told.
    pub(crate) fn begin(&self, tag: TagId, how: Invalidation, trust: &Trust, now: u64) {
        let mut known = self.write(trust, now);
        let before = known.get(&tag);
        let removes = how == Invalidation::Remove
            || before.is_some_and(|before| before.pending == Some(Invalidation::Remove));
        let how = if removes { Invalidation::Remove } else { Invalidation::Expire };
        let generation = after(before, now, how);
        let news = self.next_news();
        known.insert(
            tag,
            Known { generation, checked_at: now, news, own_news: news, pending: Some(how), lost: false },
        );
    }

    /// Invalidates where no backend has a say.
    pub(crate) fn change(&self, tag: TagId, how: Invalidation, trust: &Trust, now: u64) {
        let mut known = self.write(trust, now);
        let generation = after(known.get(&tag), now, how);
        let news = self.next_news();
        known.insert(
            tag,
            Known { generation, checked_at: now, news, own_news: news, pending: None, lost: false },
        );
    }

    /// Takes in that the backend has no such counter.
    pub(crate) fn lose(&self, tag: TagId) {
        let mut known = self.lock();
        if let Some(known) = known.get_mut(&tag).filter(|known| known.is_real()) {
            (known.lost, known.news) = (true, self.next_news());
        }
    }

    /// What this process knew of a counter, before the news of that number, and the backend now does not: it has lost its
    /// last changes, as after a failover or an older copy of its data, and must be told again.
    pub(crate) fn missed(&self, tag: TagId, said: Generation, news: u64) -> Option<Invalidation> {
        let known = self.read();
        let known = known.get(&tag).filter(|known| known.pending.is_none() && known.news <= news)?;
        let is_behind = said.latest < known.generation.latest;
        let removes = said.removed < known.generation.removed;
        is_behind.then_some(if removes { Invalidation::Remove } else { Invalidation::Expire })
    }

    /// Returns what is known of a counter, unless it was made up here.
    pub(crate) fn get(&self, tag: TagId) -> Option<Generation> {
        self.read().get(&tag).filter(|known| known.is_real()).map(|known| known.generation)
    }

    /// Takes the value the backend gave the counter for what was begun here.
    pub(crate) fn settle(&self, tag: TagId, generation: Generation, trust: &Trust, now: u64) {
        let mut known = self.write(trust, now);
        let news = self.next_news();
        let own_news = known.get(&tag).map_or(0, |before| before.own_news);
        known.insert(tag, Known { generation, checked_at: now, news, own_news, pending: None, lost: false });
    }

    /// The number of the last news.
    pub(crate) fn newest(&self) -> u64 {
        self.news.load(Ordering::Acquire)
    }

    /// Whether one of `tags` changed after the news of that number.
    pub(crate) fn changed_since(&self, tags: &[TagId], news: u64) -> bool {
        let known = self.read();
        tags.iter().any(|tag| known.get(tag).is_some_and(|known| known.news > news))
    }

    /// Whether this process invalidated one of `tags` after the news of that number.
    pub(crate) fn invalidated_since(&self, tags: &[TagId], news: u64) -> bool {
        let known = self.read();
        tags.iter().any(|tag| known.get(tag).is_some_and(|known| known.own_news > news))
    }

    /// Makes the backend be asked again for all that it said: the times at which it did mean nothing any more.
    pub(crate) fn doubt(&self) {
        self.lock().values_mut().for_each(|known| known.checked_at = 0);
    }

    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    /// Whether tags were forgotten since this was asked last: what was made under them cannot be judged any more.
    pub(crate) fn has_forgotten(&self) -> bool {
        self.forgot.load(Ordering::Relaxed) && self.forgot.swap(false, Ordering::AcqRel)
    }

    fn next_news(&self) -> u64 {
        self.news.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<TagId, Known>> {
        self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<TagId, Known>> {
        self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self, trust: &Trust, now: u64) -> std::sync::RwLockWriteGuard<'_, HashMap<TagId, Known>> {
        let mut known = self.lock();
        if known.len() >= MOST_TAGS {
            let before = known.len();
            known.retain(|_, known| known.pending.is_some());
            if known.len() < before {
                trust.withdraw(now);
                self.forgot.store(true, Ordering::Release);
            }
        }
        known
    }
}

/// The made-up value after a change here. What was made under no known value is expired by an expiry, not removed.
fn after(before: Option<&Known>, now: u64, how: Invalidation) -> Generation {
    let before = before.map_or(Generation { latest: 0, removed: 0 }, |before| before.generation);
    Generation::after(Some(before), now.saturating_mul(1000), how)
}

impl Known {
    /// The last removal that the backend told of.
    const fn removed(&self) -> u64 {
        match self.pending {
            Some(_) => 0,
            None => self.generation.removed,
        }
    }

    /// Whether the value is the backend's.
    const fn is_real(&self) -> bool {
        self.pending.is_none() && !self.lost
    }

    /// Whether the backend need not be asked. A stamp ahead of what is known says that this is old.
    fn answers_for(&self, stamp: Stamp, trust: &Trust, now: u64) -> bool {
        let is_checked = !self.lost && trust.holds(self.checked_at, now);
        self.pending.is_some() || is_checked && stamp.latest <= self.generation.latest
    }

    fn verdict(&self, stamp: Stamp) -> Verdict {
        match self.pending {
            // The made-up value is by another clock than the stamp: only being the same means anything.
            Some(_) if stamp.latest == self.generation.latest => Verdict::Valid,
            Some(Invalidation::Remove) => Verdict::Gone,
            Some(Invalidation::Expire) => Verdict::Stale,
            None if self.lost => verdict(self.generation, stamp).max(Verdict::Stale),
            None => verdict(self.generation, stamp),
        }
    }
}

fn verdict(generation: Generation, stamp: Stamp) -> Verdict {
    if stamp.latest == generation.latest {
        Verdict::Valid
    } else if stamp.latest < generation.removed {
        Verdict::Gone
    } else {
        Verdict::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: TagId = TagId(7);
    const NOW: u64 = 1_000;

    fn stamped(latest: u64) -> Stamps {
        [Stamp { tag: TAG, latest }].into_iter().collect()
    }

    fn known(latest: u64, removed: u64) -> (Generations, Trust) {
        let (generations, trust) = (Generations::new(), Trust::new(100));
        generations.learn(TAG, Generation { latest, removed }, &trust, NOW);
        (generations, trust)
    }

    #[test]
    fn an_entry_is_valid_under_its_own_generation_only() {
        let (generations, trust) = known(50, 40);
        assert_eq!(generations.judge(&stamped(50), &trust, NOW), Ok(Verdict::Valid));
        assert_eq!(generations.judge(&stamped(45), &trust, NOW), Ok(Verdict::Stale));
        assert_eq!(generations.judge(&stamped(39), &trust, NOW), Ok(Verdict::Gone));
    }

    #[test]
    fn what_is_not_known_or_known_too_long_is_asked_for() {
        let (generations, trust) = known(50, 0);
        assert_eq!(generations.judge(&stamped(51), &trust, NOW), Err(vec![TAG]), "a stamp ahead of ours");
        assert_eq!(generations.judge(&stamped(50), &trust, NOW + 100), Err(vec![TAG]));
        assert_eq!(Generations::new().judge(&stamped(50), &trust, NOW), Err(vec![TAG]));
    }

    #[test]
    fn a_missing_counter_makes_stale_and_never_valid() {
        for (generations, trust) in [known(50, 0), (Generations::new(), Trust::new(100))] {
            assert_eq!(generations.judge_by(&stamped(51), &[], &trust, NOW), Verdict::Stale);
            generations.lose(TAG);
            assert_eq!(generations.judge_by(&stamped(50), &[(TAG, None)], &trust, NOW), Verdict::Stale);
            assert_eq!(generations.unknown(&[TAG], &trust, NOW), [TAG]);
            assert!(!generations.are_real(&[TAG]));
        }
    }

    #[test]
    fn a_copy_is_not_valid_again_when_the_counter_that_removed_it_is_lost() {
        let (generations, trust) = known(60, 60);
        generations.lose(TAG);
        assert_eq!(generations.judge_local(&stamped(50)), Verdict::Gone);
        let anew = Generation { latest: 90, removed: 0 };
        assert_eq!(generations.judge_by(&stamped(50), &[(TAG, Some(anew))], &trust, NOW), Verdict::Gone);
        generations.learn(TAG, anew, &trust, NOW);
        assert_eq!(generations.judge_local(&stamped(50)), Verdict::Gone);
        assert_eq!(generations.judge_local(&stamped(70)), Verdict::Stale, "made after the removal");
        assert_eq!(generations.judge_local(&stamped(90)), Verdict::Valid);
    }

    #[test]
    fn a_backend_that_knows_an_older_value_is_not_believed_and_told_again() {
        for (removed, how, verdict) in
            [(60, Invalidation::Remove, Verdict::Gone), (40, Invalidation::Expire, Verdict::Stale)]
        {
            let (generations, trust) = known(60, removed);
            let later = NOW + 100;
            let old = Generation { latest: 50, removed: 40 };
            let said = [(TAG, Some(old))];
            assert_eq!(generations.judge_by(&stamped(50), &said, &trust, later), verdict);
            assert_eq!(generations.judge_by(&stamped(60), &said, &trust, later), Verdict::Stale);
            assert_eq!(generations.missed(TAG, old, generations.newest()), Some(how));
            assert_eq!(generations.missed(TAG, old, 0), None, "asked before this process knew");
            let same = Generation { latest: 60, removed };
            assert_eq!(generations.missed(TAG, same, generations.newest()), None);
        }
    }

    #[test]
    fn what_the_backend_says_does_not_undo_what_it_was_not_told_yet() {
        let (generations, trust) = known(50, 0);
        generations.begin(TAG, Invalidation::Remove, &trust, NOW);
        generations.learn(TAG, Generation { latest: 50, removed: 0 }, &trust, NOW);
        assert_eq!(generations.judge(&stamped(50), &trust, NOW), Ok(Verdict::Gone));
        let old = [(TAG, Some(Generation { latest: 50, removed: 0 }))];
        assert_eq!(generations.judge_by(&stamped(50), &old, &trust, NOW), Verdict::Gone);
        assert!(!generations.are_real(&[TAG]));
        generations.settle(TAG, Generation { latest: 60, removed: 60 }, &trust, NOW);
        assert_eq!(generations.judge(&stamped(60), &trust, NOW), Ok(Verdict::Valid));
        assert!(generations.are_real(&[TAG]));
    }

    #[test]
    fn a_clock_behind_the_backend_does_not_soften_a_removal() {
        let (generations, trust) = known(9_000_000_000, 0);
        generations.begin(TAG, Invalidation::Remove, &trust, 1);
        generations.begin(TAG, Invalidation::Expire, &trust, 1);
        assert_eq!(generations.judge_local(&stamped(9_000_000_000)), Verdict::Gone);
    }

    #[test]
    fn entries_made_before_the_first_news_are_judged_by_it() {
        let (generations, trust) = (Generations::new(), Trust::new(100));
        let before = generations.stamp(&[TAG]);
        assert_eq!(generations.judge_local(&before), Verdict::Valid);
        generations.begin(TAG, Invalidation::Expire, &trust, NOW);
        assert_eq!(generations.judge_local(&before), Verdict::Stale);
        assert_eq!(generations.judge_local(&generations.stamp(&[TAG])), Verdict::Valid);
    }

    #[test]
    fn more_tags_than_fit_take_the_trust_from_all_that_was_made_before() {
        let (generations, trust) = (Generations::new(), Trust::new(u64::MAX));
        generations.begin(TAG, Invalidation::Remove, &trust, NOW);
        for tag in 0..=MOST_TAGS as u64 {
            generations.learn(TagId(tag + 100), Generation { latest: 5, removed: 5 }, &trust, NOW);
        }
        assert!(!trust.holds(NOW, NOW));
        assert!(trust.holds(NOW + 1, NOW + 1));
        assert!(generations.has_forgotten() && !generations.has_forgotten());
        assert_eq!(generations.judge_local(&stamped(5)), Verdict::Gone, "the backend was not told of it yet");
    }
}
