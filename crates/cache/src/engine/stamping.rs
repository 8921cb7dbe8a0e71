//! Steps that tell under which generations something was or is made.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::Engine;
use crate::{
    Error, Generation, NotAsked, RawKey, Result, Seeded,
    generations::Verdict,
    policy::millis,
    remote::{Deadline, Remote},
    stamp::{Stamp, Stamps, TagId},
};

/// What the backend said about counters.
pub(super) type Answers = Vec<(TagId, Option<Generation>)>;

/// Stamps of something about to be made.
#[derive(Clone, Debug)]
pub(crate) struct Stamped {
    pub(crate) stamps: Stamps,
    /// Whether other processes would read them as they are meant.
    pub(crate) are_real: bool,
}

impl Engine {
    /// The tags of everything that goes to the backend, and those of a call.
    pub(crate) fn all_tags(&self, tags: &[TagId]) -> Vec<TagId> {
        let everything = self.remote.is_some().then_some(TagId::EVERYTHING);
        let mut all: Vec<_> = everything.into_iter().chain(tags.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn are_known(&self, tags: &[TagId]) -> bool {
        self.generations.unknown(tags, &self.trust, self.clock.now_ms()).is_empty()
    }

    /// Asks for the generations among `tags` that are not known.
    pub(crate) async fn learn(&self, tags: &[TagId], deadline: Deadline) {
        let Some(remote) = &self.remote else { return };
        let unknown = self.generations.unknown(tags, &self.trust, self.clock.now_ms());
        if !unknown.is_empty() {
            // What is not known makes stale.
            drop(Box::pin(self.ask(remote, unknown, deadline)).await);
        }
    }

    /// Asks for what judging these entries takes; nothing when all is known.
    pub(super) async fn ask_for(
        &self,
        entries: impl Iterator<Item = &Stamps>,
        deadline: Deadline,
    ) -> Result<Answers> {
        let now = self.clock.now_ms();
        let unknown = entries.filter_map(|stamps| self.generations.judge(stamps, &self.trust, now).err());
        let mut unknown: Vec<TagId> = unknown.flatten().collect();
        unknown.sort_unstable();
        unknown.dedup();
        match &self.remote {
            // Seldom needed: a read that hits is not to carry it.
            Some(remote) if !unknown.is_empty() => Box::pin(self.ask(remote, unknown, deadline)).await,
            _ => Ok(Answers::new()),
        }
    }

    /// Judges an entry of the backend by what is known, when that is enough.
    pub(super) fn verdict(&self, stamps: &Stamps) -> Option<Verdict> {
        if !stamps.has_everything() {
            return Some(Verdict::Stale);
        }
        self.generations.judge(stamps, &self.trust, self.clock.now_ms()).ok()
    }

    /// The same, and by what the backend just said.
    pub(super) fn verdict_by(&self, stamps: &Stamps, answers: &Answers) -> Verdict {
        if !stamps.has_everything() {
            // Nothing of ours: no counter could take it back.
            return Verdict::Stale;
        }
        self.generations.judge_by(stamps, answers, &self.trust, self.clock.now_ms())
    }

    async fn ask(&self, remote: &Arc<Remote>, tags: Vec<TagId>, deadline: Deadline) -> Result<Answers> {
        let counters: Vec<RawKey> = tags.iter().map(|tag| tag.counter(&self.namespace)).collect();
        let news = self.generations.newest();
        let answers = remote.call(deadline, remote.backend().generations(&counters)).await?;
        let answers: Vec<_> = tags.into_iter().zip(answers).collect();
        for (tag, answer) in &answers {
            self.take_answer(remote, *tag, *answer, news);
        }
        Ok(answers)
    }

    /// Takes in what the backend said when it was asked after the news of that number.
    fn take_answer(&self, remote: &Arc<Remote>, tag: TagId, answer: Option<Generation>, news: u64) {
        match answer.and_then(|said| self.generations.missed(tag, said, news)) {
            Some(how) => {
                self.begin(tag, how);
                remote.bump_later(tag.counter(&self.namespace), how);
            }
            None => self.hear(tag, answer),
        }
    }

    /// Takes in the value of a counter, whoever said it.
    pub(crate) fn hear(&self, tag: TagId, answer: Option<Generation>) {
        let now = self.heed_clock();
        let before = self.generations.get(tag).filter(|_| tag == TagId::EVERYTHING);
        let Some(generation) = answer else {
            self.generations.lose(tag);
            if before.is_some() {
                // Copies have no stamp of it.
                self.trust.withdraw(now);
            }
            return;
        };
        self.generations.learn(tag, generation, &self.trust, now);
        self.drop_forgotten();
        match before {
            Some(before) if generation.removed > before.removed => self.drop_everything(),
            Some(before) if generation.latest > before.latest => self.trust.withdraw(now),
            _ => {}
        }
    }

    /// Stamps something about to be made. Counters that are missing are made, so that they can be raised.
    pub(crate) async fn stamp(&self, tags: &[TagId], deadline: Deadline) -> Stamped {
        self.try_stamp(tags, deadline).await.0
    }

    /// The same; says too why the stamps are not real when they are not.
    pub(crate) async fn try_stamp(&self, tags: &[TagId], deadline: Deadline) -> (Stamped, Option<Error>) {
        let Some(remote) = &self.remote else { return (self.stamp_known(tags), None) };
        let unknown = self.generations.unknown(tags, &self.trust, self.clock.now_ms());
        let failed = self.seed(remote, &unknown, deadline).await.into_iter().find_map(Result::err);
        let stamped = self.stamp_known(tags);
        let why = (!stamped.are_real).then(|| failed.unwrap_or_else(|| remote.not_asked(NotAsked::Behind)));
        (stamped, why)
    }

    /// Stamps something made now with what is known now.
    pub(crate) fn stamp_known(&self, tags: &[TagId]) -> Stamped {
        Stamped { stamps: self.generations.stamp(tags), are_real: self.generations.are_real(tags) }
    }

    /// Stamps what was made with tags that only its load brought. `None` when one of them changed while it ran, or
    /// might have. `news` is the last news before the load, `took` the time since then.
    pub(crate) async fn stamp_after(
        &self,
        tags: &[TagId],
        news: u64,
        took: Duration,
        deadline: Deadline,
    ) -> Option<Stamped> {
        let start = tokio::time::Instant::now();
        let unknown = self.generations.unknown(tags, &self.trust, self.clock.now_ms());
        let known: Vec<_> = tags.iter().filter(|tag| !unknown.contains(tag)).copied().collect();
        if self.generations.changed_since(&known, news) {
            return None;
        }
        if let Some(remote) = &self.remote {
            let seeded = self.seed(remote, &unknown, deadline).await;
            // Both by the clock of the backend, so no other clock counts; a little more for their rates.
            let since = took + start.elapsed();
            let since = millis(since + since / 100).saturating_add(1).saturating_mul(1000);
            let in_time = |seeded: Seeded| {
                seeded.created || seeded.generation.latest < seeded.now.saturating_sub(since)
            };
            if !seeded.into_iter().flatten().all(in_time) {
                return None;
            }
        } else if self.generations.changed_since(tags, news) {
            return None;
        }
        Some(self.stamp_known(tags))
    }

    async fn seed(&self, remote: &Arc<Remote>, tags: &[TagId], deadline: Deadline) -> Vec<Result<Seeded>> {
        let seeds = tags.iter().map(|tag| async move {
            let counter = tag.counter(&self.namespace);
            let news = self.generations.newest();
            let seeded = remote.call(deadline, remote.backend().seed_generation(&counter)).await?;
            if seeded.created {
                self.hear(*tag, None);
            }
            self.take_answer(remote, *tag, Some(seeded.generation), news);
            Ok(seeded)
        });
        join_all(seeds).await
    }
}

impl Stamped {
    /// Puts both together.
    pub(crate) fn and(self, other: &Self) -> Self {
        let stamps: Stamps =
            self.stamps.iter().chain(other.stamps.iter()).collect::<Vec<Stamp>>().into_iter().collect();
        Self { stamps, are_real: self.are_real && other.are_real }
    }
}
