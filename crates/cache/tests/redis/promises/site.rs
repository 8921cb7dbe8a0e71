use std::collections::BTreeMap;

use stockpile_redis_local::{Reply, Server};

use crate::{
    groups::{Cluster, Watched},
    shared_cluster, shared_sentinels, shared_single,
};

/// Servers that hold one cache.
pub(crate) struct Site<'a> {
    pub(crate) url: String,
    /// Those that take writes.
    pub(crate) primaries: &'a [Server],
}

impl Site<'static> {
    pub(crate) fn single() -> Option<Self> {
        let server = shared_single()?;
        Some(Self { url: server.url(""), primaries: std::slice::from_ref(server) })
    }

    pub(crate) fn cluster() -> Option<Self> {
        let cluster = shared_cluster()?;
        Some(Self { url: cluster.url(), primaries: &cluster.nodes[..3] })
    }

    pub(crate) fn sentinel() -> Option<Self> {
        let watched = shared_sentinels()?;
        Some(Self { url: watched.url(0), primaries: &watched.servers[..1] })
    }
}

impl Site<'_> {
    /// Asks the server that holds `key`, without the code under test.
    pub(crate) fn ask(&self, words: &[&str]) -> Reply {
        let answers = self.primaries.iter().map(|server| server.ask(words));
        let is_here = |answer: &Reply| !matches!(answer, Reply::Refusal(text) if text.starts_with("MOVED"));
        answers.into_iter().find(is_here).unwrap()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.ask(&["EXISTS", key]).number() == 1
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.primaries.iter().flat_map(|server| server.keys(0)).collect()
    }

    /// The counter of the only tag that was used in a namespace.
    pub(crate) fn counter_of_the_tag(&self, namespace: &str) -> String {
        let start = format!("{namespace}:");
        let is_counter = |key: &String| {
            key.starts_with(&start) && key.contains("generation:") && !key.ends_with(":0000000000000000")
        };
        let counters: Vec<_> = self.keys().into_iter().filter(is_counter).collect();
        let [counter] = <[_; 1]>::try_from(counters).unwrap();
        counter
    }

    /// Starts to count commands.
    pub(crate) fn count_anew(&self) {
        for server in self.primaries {
            server.ask(&["CONFIG", "RESETSTAT"]);
        }
    }

    /// How often each command came since then, those of scripts included.
    pub(crate) fn commands(&self) -> BTreeMap<String, u64> {
        let mut commands = BTreeMap::new();
        for server in self.primaries {
            for line in server.ask(&["INFO", "commandstats"]).text().lines() {
                let Some((name, rest)) =
                    line.strip_prefix("cmdstat_").and_then(|line| line.split_once(":calls="))
                else {
                    continue;
                };
                let calls: u64 = rest.split(',').next().unwrap().parse().unwrap();
                *commands.entry(name.to_owned()).or_default() += calls;
            }
        }
        commands
    }
}

/// Servers of one test.
pub(crate) enum Own {
    Single(Server),
    Cluster(Cluster),
    Sentinel(Watched),
}

/// What a server was told before it was killed is there after its restart.
const KEEPS: &str = "appendonly yes\nappendfsync always";

impl Own {
    pub(crate) fn single() -> Option<Self> {
        Server::start("").map(Self::Single)
    }

    pub(crate) fn cluster() -> Option<Self> {
        Cluster::start().map(Self::Cluster)
    }

    pub(crate) fn lasting_single() -> Option<Self> {
        Server::start(KEEPS).map(Self::Single)
    }

    pub(crate) fn lasting_cluster() -> Option<Self> {
        Cluster::start_with(KEEPS).map(Self::Cluster)
    }

    pub(crate) fn sentinel() -> Option<Self> {
        Watched::start().map(Self::Sentinel)
    }

    pub(crate) fn site(&self) -> Site<'_> {
        match self {
            Self::Single(server) => Site { url: server.url(""), primaries: std::slice::from_ref(server) },
            Self::Cluster(cluster) => Site { url: cluster.url(), primaries: &cluster.nodes[..3] },
            Self::Sentinel(watched) => Site { url: watched.url(0), primaries: &watched.servers[..1] },
        }
    }

    fn servers(&self) -> &[Server] {
        match self {
            Self::Single(server) => std::slice::from_ref(server),
            Self::Cluster(cluster) => &cluster.nodes,
            Self::Sentinel(watched) => &watched.servers,
        }
    }

    fn servers_mut(&mut self) -> &mut [Server] {
        match self {
            Self::Single(server) => std::slice::from_mut(server),
            Self::Cluster(cluster) => &mut cluster.nodes,
            Self::Sentinel(watched) => &mut watched.servers,
        }
    }

    pub(crate) fn freeze(&self) {
        self.servers().iter().for_each(Server::freeze);
    }

    pub(crate) fn thaw(&self) {
        self.servers().iter().for_each(Server::thaw);
    }

    pub(crate) fn kill(&mut self) {
        self.servers_mut().iter_mut().for_each(Server::kill);
    }

    pub(crate) fn restart(&mut self) {
        self.servers_mut().iter_mut().for_each(Server::restart);
    }

    /// Empties it, as an operator would.
    pub(crate) fn empty(&self) {
        self.site().primaries.iter().for_each(Server::empty);
    }
}
