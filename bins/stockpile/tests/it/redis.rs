//! A Redis server of a test's own, asked in the database the servers use.

use stockpile_redis_local::{Reply, Server as Local, Wire};

pub(crate) use stockpile_redis_local::Port;

pub(crate) struct Server {
    local: Local,
    password: Option<&'static str>,
}

impl Server {
    /// Starts one; `None` when there is none to start, which `REQUIRE_BACKENDS` forbids.
    pub(crate) fn start() -> Option<Self> {
        Local::start("").map(|local| Self { local, password: None })
    }

    pub(crate) fn start_with(password: Option<&'static str>) -> Option<Self> {
        let config = password.map_or_else(String::new, |password| format!("requirepass {password}"));
        Local::start(&config).map(|local| Self { local, password })
    }

    /// Starts one with more lines of configuration.
    pub(crate) fn configured(config: &str) -> Option<Self> {
        Local::start(config).map(|local| Self { local, password: None })
    }

    pub(crate) fn url(&self) -> String {
        let login = self.password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{}/1", self.local.port)
    }

    /// Asks it in database 1, without the code under test.
    pub(crate) fn ask(&self, words: &[&[u8]]) -> Reply {
        let mut wire = Wire::connect(self.local.port).unwrap();
        assert_eq!(wire.ask(&["SELECT", "1"]).unwrap(), Reply::Text("OK".to_owned()));
        wire.ask(words).unwrap()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.ask(&[b"EXISTS", key.as_bytes()]) == Reply::Number(1)
    }

    /// How often a command was carried out.
    pub(crate) fn count(&self, command: &str) -> u64 {
        let text = self.ask(&[b"INFO", b"commandstats"]).text();
        let name = format!("cmdstat_{command}:calls=");
        let calls = text.lines().find_map(|line| line.strip_prefix(&name)?.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    }
}
