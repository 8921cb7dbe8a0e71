//! Servers that belong together: a Cluster, and a primary that Sentinels watch.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use stockpile_redis_local::{Port, Reply, Server, installed, wait_for};

/// Three primaries, each with a replica; none is replaced before [`Cluster::fails_over`].
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
    _buses: Vec<Port>,
}

impl Cluster {
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts one whose servers have more lines of configuration.
    pub(crate) fn start_with(more: &str) -> Option<Self> {
        if !installed() {
            return None;
        }
        let mut buses = Vec::new();
        let nodes: Vec<Server> = (0..6)
            .map(|_| {
                let bus = Port::free();
                let config = format!(
                    "cluster-enabled yes\ncluster-node-timeout 1000\ncluster-port {bus}\n\
                     cluster-replica-no-failover yes\n{more}"
                );
                buses.push(bus);
                Server::start_on(Port::free(), &config, false)
            })
            .collect();
        for (at, (node, slots)) in nodes.iter().zip([(0, 5460), (5461, 10922), (10923, 16383)]).enumerate() {
            node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]);
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", &slots.0.to_string(), &slots.1.to_string()]);
        }
        let info = |node: &Server, line: &str| node.ask(&["CLUSTER", "INFO"]).text().contains(line);
        let mut met = None;
        wait_for("all nodes know each other", || {
            // One that did not answer within the timeout is to be met again.
            if met.is_none_or(|met: Instant| met.elapsed() > Duration::from_secs(3)) {
                for (node, bus) in nodes.iter().zip(&buses).skip(1) {
                    nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &node.port.to_string(), &bus.to_string()]);
                }
                met = Some(Instant::now());
            }
            nodes.iter().all(|node| info(node, "cluster_known_nodes:6"))
        });
        let cluster = Self { nodes, _buses: buses };
        for (replica, primary) in cluster.nodes[3..].iter().zip(&cluster.nodes) {
            let primary = primary.ask(&["CLUSTER", "MYID"]).text();
            let replicate = ["CLUSTER", "REPLICATE", &primary];
            wait_for("a replica knows its primary", || {
                replica.ask(&replicate) == Reply::Text("OK".to_owned())
            });
        }
        wait_for("the cluster works", || cluster.nodes.iter().all(|node| info(node, "cluster_state:ok")));
        let linked = |node: &Server| node.info("replication", "master_link_status").as_deref() == Some("up");
        wait_for("replicas follow", || cluster.nodes[3..].iter().all(linked));
        // A client that asks any node must see the replicas, or it would not find the new primary.
        wait_for("replicas are known", || {
            cluster
                .nodes
                .iter()
                .all(|node| node.ask(&["CLUSTER", "NODES"]).text().matches("slave").count() == 3)
        });
        wait_for("nobody seems to have failed", || {
            // Not before: a node waits as long until it takes writes, and they hear of each other as rarely.
            cluster.wait_for_each_other("60000");
            let all_well =
                cluster.nodes.iter().all(|node| !node.ask(&["CLUSTER", "NODES"]).text().contains(",fail"));
            if !all_well {
                cluster.wait_for_each_other("1000");
            }
            all_well
        });
        Some(cluster)
    }

    pub(crate) fn url(&self) -> String {
        let nodes: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis-cluster://{}", nodes.join(","))
    }

    /// Has primaries replaced that are silent for a second. A busy machine keeps a server from running for as long,
    /// and what no replica got is lost then.
    pub(crate) fn fails_over(&self) {
        self.wait_for_each_other("1000");
        for node in &self.nodes {
            node.ask(&["CONFIG", "SET", "cluster-replica-no-failover", "no"]);
        }
    }

    fn wait_for_each_other(&self, milliseconds: &str) {
        for node in &self.nodes {
            node.ask(&["CONFIG", "SET", "cluster-node-timeout", milliseconds]);
        }
    }

    pub(crate) fn keys(&self) -> i64 {
        self.nodes[..3].iter().map(|node| node.keys_in(0)).sum()
    }
}

/// One primary, two replicas, three Sentinels that replace nothing before [`Watched::fails_over`].
pub(crate) struct Watched {
    pub(crate) servers: Vec<Server>,
    sentinels: Vec<Server>,
}

impl Watched {
    pub(crate) fn start() -> Option<Self> {
        let primary = Server::start("")?;
        let follow = format!("replicaof 127.0.0.1 {}", primary.port);
        let mut servers = vec![primary];
        servers.extend((0..2).map(|_| Server::start_on(Port::free(), &follow, false)));
        let linked = |node: &Server| node.info("replication", "master_link_status").as_deref() == Some("up");
        wait_for("replicas follow", || servers[1..].iter().all(linked));
        let mut config = String::new();
        writeln!(config, "sentinel monitor main 127.0.0.1 {} 2", servers[0].port).unwrap();
        config
            .push_str("sentinel down-after-milliseconds main 600000\nsentinel failover-timeout main 3000\n");
        let sentinels: Vec<_> = (0..3).map(|_| Server::start_on(Port::free(), &config, true)).collect();
        wait_for("sentinels know everybody", || {
            sentinels.iter().all(|sentinel| {
                let Reply::List(facts) = sentinel.ask(&["SENTINEL", "MASTER", "main"]) else { return false };
                let fact = |name: &str| {
                    let at = facts.iter().position(|fact| *fact == Reply::Text(name.to_owned()))?;
                    facts.get(at + 1).cloned()
                };
                let two = Some(Reply::Text("2".to_owned()));
                fact("num-slaves") == two && fact("num-other-sentinels") == two
            })
        });
        Some(Self { servers, sentinels })
    }

    /// Has the primary replaced when it is silent for half a second.
    pub(crate) fn fails_over(&self) {
        for sentinel in &self.sentinels {
            sentinel.ask(&["SENTINEL", "SET", "main", "down-after-milliseconds", "500"]);
        }
    }

    /// Asks a Sentinel.
    pub(crate) fn ask(&self, words: &[&str]) -> Reply {
        self.sentinels[0].ask(words)
    }

    pub(crate) fn url(&self, database: u8) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis-sentinel://{}/{database}?service=main", hosts.join(","))
    }
}
