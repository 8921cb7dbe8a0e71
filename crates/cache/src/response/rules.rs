use std::{collections::BTreeSet, sync::Arc};

use http::{HeaderName, StatusCode};

use super::StoredResponse;
use crate::{Cache, Kind};

/// Which responses are kept, and what tells them apart. The start of a middleware of either framework.
#[derive(Clone, Debug)]
pub struct ResponseCache(pub(super) Arc<Rules>);

#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) cache: Cache,
    pub(super) kind: Kind<StoredResponse>,
    /// The parameters of the query that count; all of them without a list.
    pub(super) query: Option<BTreeSet<String>>,
    pub(super) vary: Vec<HeaderName>,
    pub(super) statuses: Vec<StatusCode>,
    pub(super) max_body_bytes: u64,
    pub(super) ignore_cookies: bool,
}

impl ResponseCache {
    /// Keeps responses with status 200 and at most 1 MiB of body, as long as they or else `kind` say.
    #[must_use]
    pub fn new(cache: &Cache, kind: Kind<StoredResponse>) -> Self {
        Self(Arc::new(Rules {
            cache: cache.clone(),
            kind,
            query: None,
            vary: Vec::new(),
            statuses: vec![StatusCode::OK],
            max_body_bytes: 1 << 20,
            ignore_cookies: false,
        }))
    }

    /// Names the parameters of the query that tell responses apart; all do unless this is called. The others must not
    /// change a response.
    #[must_use]
    pub fn query<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().map(str::to_owned).collect();
        Arc::make_mut(&mut self.0).query = Some(names);
        self
    }

    /// Names the request headers that tell responses apart; none do. A response whose `Vary` names another is not kept.
    #[must_use]
    pub fn vary(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        Arc::make_mut(&mut self.0).vary = names.into_iter().collect();
        self
    }

    /// Sets which statuses are kept; 200. Those of 500 and above never are.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        Arc::make_mut(&mut self.0).statuses = statuses.into_iter().collect();
        self
    }

    /// Sets how long a body may be; 1 MiB.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: u64) -> Self {
        Arc::make_mut(&mut self.0).max_body_bytes = bytes;
        self
    }

    /// Returns the tag of all that is kept of `path`, as it is sent, for [`Cache::remove_tag`] when what is behind it changes
    /// elsewhere. About one path in 4096 has the same.
    #[must_use]
    pub fn path_tag(&self, path: &str) -> String {
        self.0.tag(path)
    }

    /// Serves requests that carry cookies too; by default they pass by. No response may depend on a cookie then.
    #[must_use]
    pub fn ignore_cookies(mut self) -> Self {
        Arc::make_mut(&mut self.0).ignore_cookies = true;
        self
    }
}
