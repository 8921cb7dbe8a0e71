//! One load of many keys.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{
    FutureExt,
    future::{join, join_all},
};
use tokio::time::Instant;

use super::{Flight, Loaded, context::Wishes, flight::Landed, progress::publish};
use crate::{
    CacheValue, Kind, LoadError, LoadFailure,
    coherence::Operation,
    engine::{Engine, Found, Place},
    flights::Before,
    key::EntryKey,
    remote::{Deadline, panic_message},
    stamp::TagId,
    trace,
};

/// A load of many keys about to run: one flight for each key, which no other load is after.
pub(crate) struct Batch<V: CacheValue, E> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) kind: Kind<V>,
    pub(crate) tags: Vec<TagId>,
    pub(crate) flights: Vec<Flight<V, E>>,
}

/// A flight and where its bytes go.
type Placed<V, E> = (Flight<V, E>, Place, IsWritable);
type IsWritable = bool;

impl<V: CacheValue, E: Send + Sync + 'static> Batch<V, E> {
    /// Looks for all in the backend at once, then calls the loader at most once. Keys it has no value for end without
    /// an answer: whoever joined them loads by himself.
    pub(crate) async fn run<F, Fut>(self, before: Before, load: F)
    where
        F: FnOnce(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Vec<(String, V)>, E>> + Send + 'static,
    {
        let Self { engine, kind, tags, flights } = self;
        let deadline = engine.deadline();
        let (missing, answers) = find(&engine, &kind, &tags, flights, before, deadline).await;
        if missing.is_empty() {
            return;
        }
        let first = missing.first().map(|(flight, _, _)| flight.ticket.key.clone());
        let first = first.as_ref().map_or("", EntryKey::as_str);
        let Ok(_permit) = engine.loads.try_acquire() else {
            engine.load_refused(&kind, first);
            return fail(missing, &LoadError::Overloaded);
        };
        let news = engine.generations.newest();
        let stamped = if answers { engine.stamp(&tags, deadline).await } else { engine.stamp_known(&tags) };
        let keys = missing.iter().map(|(flight, _, _)| flight.ticket.key.as_str().to_owned()).collect();
        engine.counters(&kind).load();
        let start = Instant::now();
        let loading = trace::in_load_span(kind.name(), first, async { load(keys).await });
        let loaded = match AssertUnwindSafe(loading).catch_unwind().await {
            Ok(Ok(loaded)) => Ok(loaded),
            Ok(Err(error)) => Err((LoadError::Loader(Arc::new(error)), LoadFailure::Error)),
            Err(panic) => Err((LoadError::Panicked(panic_message(&*panic).into()), LoadFailure::Panic)),
        };
        let took = start.elapsed();
        engine.load_took(&kind, took);
        let mut values: HashMap<String, V> = match loaded {
            Ok(loaded) => loaded.into_iter().collect(),
            Err((error, failure)) => {
                engine.load_failed(&kind, first, failure);
                return fail(missing, &error);
            }
        };
        let deadline = deadline.put_off(took);
        let mut writes = Vec::new();
        for (flight, place, writable) in missing {
            let Some(value) = values.remove(flight.ticket.key.as_str()) else {
                flight.put_off();
                flight.progress.send_modify(|progress| progress.is_absent = true);
                continue;
            };
            let loaded = Loaded::from(value);
            let Ok(cargo) =
                flight.unload(loaded, Wishes::default(), took, stamped.clone(), news, deadline).await
            else {
                continue;
            };
            let (arrival, sealed): Landed<V> = flight.land(&place, cargo, writable);
            let lifetime = arrival.times.dead_at.saturating_sub(engine.clock.now_ms());
            let Flight { ticket, progress, stale, .. } = flight;
            match sealed {
                Some(sealed) => {
                    publish(&progress, Ok(arrival));
                    writes.push((place, sealed, lifetime, ticket, stale.is_some()));
                }
                None => {
                    drop(ticket);
                    publish(&progress, Ok(arrival));
                }
            }
        }
        // Side by side: a backend that pipelines takes them as one, and a slow one is waited for once.
        join_all(writes.into_iter().map(|(place, sealed, lifetime, ticket, replaces)| {
            let (engine, kind) = (&engine, &kind);
            async move {
                let written = engine.write_fill(kind, &place, sealed, lifetime, &ticket).await;
                if written && replaces {
                    engine.announce(|| Operation::changed(&place.raw));
                }
            }
        }))
        .await;
    }
}

/// Asks the backend for all at once; gives back what is to be loaded, and whether the backend answered.
async fn find<V: CacheValue, E: Send + Sync + 'static>(
    engine: &Engine,
    kind: &Kind<V>,
    tags: &[TagId],
    flights: Vec<Flight<V, E>>,
    before: Before,
    deadline: Deadline,
) -> (Vec<Placed<V, E>>, bool) {
    let places: Vec<Place> = flights.iter().map(|flight| engine.place(kind, &flight.ticket.key)).collect();
    let answers = match &engine.remote {
        Some(remote) if engine.turn(remote, before, deadline).await.is_ok() => {
            let get = engine.ask_many(remote, &places, deadline);
            let answers = join(get, engine.learn(tags, deadline)).await.0;
            answers.inspect_err(|error| engine.backend_fault(kind, error)).ok()
        }
        _ => None,
    };
    let answered = answers.is_some();
    let mut answers = answers.unwrap_or_default().into_iter();
    let found = places.iter().map(|place| match answers.next() {
        Some(Some(bytes)) => engine.open(kind, place, &bytes),
        Some(None) => Found::Nothing,
        None => Found::Unknown(None),
    });
    let (found, _doubt) = engine.confirm_many(found.collect(), deadline).await;
    let mut missing = Vec::new();
    for ((mut flight, place), found) in flights.into_iter().zip(places).zip(found) {
        let mut writable = true;
        match found {
            Found::Entry(sight) => {
                if let Some(fresh) = flight.consider(sight) {
                    let Flight { ticket, progress, .. } = flight;
                    drop(ticket);
                    publish(&progress, Ok(fresh));
                    continue;
                }
            }
            Found::Foreign => writable = false,
            Found::Nothing | Found::Rejected(_) => {
                flight.expect_echo();
                flight.drop_unchecked();
            }
            Found::Unknown(_) => {}
        }
        missing.push((flight, place, writable));
    }
    (missing, answered)
}

fn fail<V: CacheValue, E: Send + Sync + 'static>(missing: Vec<Placed<V, E>>, error: &LoadError<E>) {
    for (flight, _, _) in missing {
        flight.fail(error.clone());
    }
}
