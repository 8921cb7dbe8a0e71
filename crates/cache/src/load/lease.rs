//! One load at a time among processes that share a backend. It saves work; nothing is correct only because of it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Arrival, Flight};
use crate::{
    CacheValue, Lease, Lifetime, RawKey,
    engine::{Engine, Found, Place},
    flights::Before,
    remote::Deadline,
};

const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_millis(200);

/// A lease, or none; given back when dropped.
pub(super) struct Held(Option<(Arc<Engine>, Lease)>);

impl Held {
    pub(super) const fn none() -> Self {
        Self(None)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (Some((engine, lease)), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        // One that cannot be given back ends by itself.
        runtime.spawn(async move {
            let remote = engine.remote.as_ref()?;
            remote.call(remote.deadline(), remote.backend().release(&lease)).await.ok()
        });
    }
}

/// Whose turn it is.
pub(super) enum Turn<V: CacheValue> {
    /// This process loads.
    Ours(Held),
    /// Another has loaded.
    Done(Arrival<V>),
}

impl<V: CacheValue, E: Send + Sync + 'static> Flight<V, E> {
    /// Takes the lease, or waits for the value of its holder. When that one does not deliver, this process loads too.
    pub(super) async fn wait_for_lease(
        &mut self,
        place: &Place,
        lifetime: Lifetime,
        deadline: &mut Deadline,
    ) -> Turn<V> {
        let engine = Arc::clone(&self.engine);
        let Some(remote) = &engine.remote else { return Turn::Ours(Held::none()) };
        let key = RawKey::own(&engine.namespace, &format!("lease:{}", place.raw));
        let end = Instant::now() + Duration::from_millis(lifetime.as_millis());
        let mut look = FIRST_LOOK;
        loop {
            match remote.call(*deadline, remote.backend().try_lease(&key, lifetime)).await {
                Ok(Some(lease)) => return Turn::Ours(Held(Some((engine, lease)))),
                Ok(None) if Instant::now() < end => {}
                _ => return Turn::Ours(Held::none()),
            }
            tokio::time::sleep(look).await;
            look = (look * 2).min(LAST_LOOK);
            // It is the other's load that is waited for, and not the backend.
            *deadline = engine.deadline();
            match engine.find(&self.kind, place, &self.tags, Before::default(), *deadline).await {
                Found::Entry(sight) => {
                    if let Some(fresh) = self.consider(sight) {
                        return Turn::Done(fresh);
                    }
                }
                Found::Nothing | Found::Rejected(_) => {}
                Found::Foreign | Found::Unknown(_) => return Turn::Ours(Held::none()),
            }
        }
    }
}
