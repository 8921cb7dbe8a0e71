//! What is measured: who is started, what they are asked, who is held against whom.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{
    Run,
    child::{self, Server},
    client::{self, Question},
    market,
    report::{self, Goal},
    rounds::{self, Target},
};

const HIT: &str = "x-cache: hit";
/// Twice a day's length: nothing is made anew during a run.
const TTL_S: &str = "172800";

/// What a run needs everywhere.
struct Bench<'a> {
    run: &'a Run,
    folder: TempDir,
    days: Vec<String>,
}

pub(crate) async fn run(run: &Run) -> Result<()> {
    let folder = tempfile::tempdir()?;
    market::ingest(&run.programs, folder.path())?;
    let bench = Bench { run, folder, days: market::days() };
    println!(
        "{} rounds; in each {} requests to each Rust server and {} to a Python server, over {} connections",
        run.rounds, run.requests, run.python_requests, run.connections
    );
    if bench.wants("l1") {
        bench.l1().await?;
    }
    if bench.wants("forms") {
        bench.forms().await?;
    }
    if bench.wants("redis") {
        bench.redis().await?;
    }
    if bench.wants("python") {
        bench.python().await?;
    }
    Ok(())
}

impl Bench<'_> {
    fn wants(&self, table: &str) -> bool {
        table.contains(&self.run.filter)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The builds to be measured, with the words that tell them apart.
    fn builds(&self) -> Vec<(&Path, &'static str)> {
        let beside = self.run.beside.as_deref().map(|folder| (folder, " (beside)"));
        std::iter::once((self.run.programs.as_path(), "")).chain(beside).collect()
    }

    async fn stockpile(&self, programs: &Path, cache: &[(&str, &str)], log_level: &str) -> Result<Server> {
        let addr = child::free_addr()?;
        let mut command = Command::new(programs.join("stockpile-server"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .env("STORAGE_URL", "sqlite://stockpile.db")
            .env("DEMO", "off")
            .env("CACHE_TTL_OVERVIEW", TTL_S)
            .env("HTTP_ADDR", addr.to_string())
            .env("LOG_FORMAT", "json")
            .env("LOG_LEVEL", log_level)
            .envs(cache.iter().copied());
        Server::start(&mut command, addr, &self.path(&format!("stockpile-{}.log", addr.port()))).await
    }

    async fn in_memory(&self, programs: &Path, log_level: &str) -> Result<Server> {
        self.stockpile(programs, &[("CACHE_URL", "memory://")], log_level).await
    }

    /// With so many connections to Redis, taken by turns.
    async fn over_redis(&self, programs: &Path, redis: &Server, connections: usize) -> Result<Server> {
        let url = format!("{}?clients={connections}", url(redis));
        self.stockpile(programs, &[("CACHE_URL", url.as_str()), ("CACHE_L1_MAX_BYTES", "0")], "warn").await
    }

    async fn redis_server(&self) -> Result<Server> {
        let addr = child::free_addr()?;
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &addr.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path());
        Server::start(&mut command, addr, &self.path("redis.log")).await
    }

    async fn peer(&self, role: &str, from: &Server, more: &[&str]) -> Result<Server> {
        let addr = child::free_addr()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([role, "--addr", &addr.to_string(), "--from", &from.addr.to_string()]).args(more);
        Server::start(&mut command, addr, &self.path(&format!("peer-{}.log", addr.port()))).await
    }

    fn target(&self, name: &str, server: &Server, questions: Vec<Question>) -> Target {
        let name = name.to_owned();
        Target {
            name,
            addr: server.addr,
            pid: server.pid(),
            redis: None,
            questions,
            requests: self.run.requests,
        }
    }

    /// One key, in the process.
    async fn l1(&self) -> Result<()> {
        let asked = market::target(&self.days[0]);
        let request = client::request(&asked, &[]);
        let (mut servers, mut targets) = (Vec::new(), Vec::new());
        for (programs, note) in self.builds() {
            for (level, words) in [("warn", ""), ("info", ", at the level info")] {
                let server = self.in_memory(programs, level).await?;
                let question = client::learn(server.addr, request.clone(), HIT).await?;
                targets.push(self.target(&format!("stockpile{words}{note}"), &server, vec![question]));
                servers.push(server);
            }
        }
        let peer = self.peer("replay", &servers[0], &["--target", &asked, "--variant", ""]).await?;
        let question = client::learn(peer.addr, client::request("/0", &[]), HIT).await?;
        same(&targets[0].questions[0], &question)?;
        let last = targets.len();
        targets.push(self.target("actix-web, the same answer", &peer, vec![question]));

        let samples = rounds::measure(&targets, self.run.rounds, self.run.connections).await?;
        let pairs: Vec<_> = (0..last)
            .map(|place| (place, last, if place % 2 == 0 { Goal::AtMost(1.15) } else { Goal::None }))
            .collect();
        report::table("l1: a hit in the process", &targets, &samples, &pairs);
        Ok(())
    }

    /// The same hit in other forms: packed, or already known to the client.
    async fn forms(&self) -> Result<()> {
        let asked = market::target(&self.days[0]);
        let server = self.in_memory(&self.run.programs, "warn").await?;
        client::learn(server.addr, client::request(&asked, &[]), HIT).await?;
        let tag = client::ask(server.addr, &client::request(&asked, &[])).await?;
        let tag = tag.header("etag").context("an answer without a tag")?.to_owned();
        let forms = [("accept-encoding", "gzip"), ("accept-encoding", "br"), ("if-none-match", &tag)];
        let mut questions = Vec::new();
        for form in forms {
            questions.push(client::learn(server.addr, client::request(&asked, &[form]), HIT).await?);
        }
        let variants = forms.map(|(name, value)| format!("{name}: {value}"));
        let mut more = vec!["--target", asked.as_str()];
        more.extend(variants.iter().flat_map(|variant| ["--variant", variant]));
        let peer = self.peer("replay", &server, &more).await?;

        let (mut targets, mut pairs) = (Vec::new(), Vec::new());
        for (number, ((form, question), name)) in
            forms.iter().zip(questions).zip(["gzip", "br", "304"]).enumerate()
        {
            let again = client::request(&format!("/{number}"), &[*form]);
            let given = client::learn(peer.addr, again, HIT).await?;
            same(&question, &given)?;
            targets.push(self.target(&format!("stockpile, {name}"), &server, vec![question]));
            targets.push(self.target(&format!("actix-web, {name}"), &peer, vec![given]));
            pairs.push((2 * number, 2 * number + 1, Goal::None));
        }
        let samples = rounds::measure(&targets, self.run.rounds, self.run.connections).await?;
        report::table("forms: a hit in the process, packed or known", &targets, &samples, &pairs);
        Ok(())
    }

    /// As many keys as days, each asked by one connection, so that no read is shared.
    async fn redis(&self) -> Result<()> {
        let redis = self.redis_server().await?;
        let (mut servers, mut targets) = (Vec::new(), Vec::new());
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for (programs, note) in self.builds() {
            for (connections, words) in [(1, ""), (workers, ", as many connections as workers")] {
                let server = self.over_redis(programs, &redis, connections).await?;
                let questions = self.learn_days(&server, HIT).await?;
                targets.push(self.target(&format!("stockpile, Redis{words}{note}"), &server, questions));
                servers.push(server);
            }
        }
        let asked: Vec<String> = self.days.iter().map(|day| market::target(day)).collect();
        let url = url(&redis);
        let mut more = vec!["--redis", url.as_str()];
        more.extend(asked.iter().flat_map(|target| ["--target", target]));
        let last = targets.len();
        for (name, each) in
            [("actix-web and fred", None), ("actix-web and fred, one a worker", Some("--each"))]
        {
            let arguments: Vec<&str> = more.iter().copied().chain(each).collect();
            let peer = self.peer("passthrough", &servers[0], &arguments).await?;
            let questions = self.learn_days(&peer, HIT).await?;
            for (ours, theirs) in targets[0].questions.iter().zip(&questions) {
                same(ours, theirs)?;
            }
            targets.push(self.target(name, &peer, questions));
            servers.push(peer);
        }
        for target in &mut targets {
            target.redis = Some(redis.pid());
        }
        let samples = rounds::measure(&targets, self.run.rounds, self.run.connections).await?;
        let pairs: Vec<_> = (0..last)
            .flat_map(|place| {
                let goal = if place % 2 == 0 { Goal::AtMost(1.15) } else { Goal::None };
                [(place, last, goal), (place, last + 1, Goal::None)]
            })
            .collect();
        report::table("redis: a hit in Redis, nothing kept in the process", &targets, &samples, &pairs);
        Ok(())
    }

    /// Both hits beside the design that parses and writes JSON for each.
    async fn python(&self) -> Result<()> {
        let Some(python) = &self.run.python else {
            println!("\npython: left out, no --python");
            return Ok(());
        };
        let redis = self.redis_server().await?;
        let near = self.in_memory(&self.run.programs, "warn").await?;
        let far = self.over_redis(&self.run.programs, &redis, 1).await?;
        let mut targets = vec![
            self.target("stockpile, in the process", &near, self.learn_days(&near, HIT).await?),
            self.target("stockpile, Redis", &far, self.learn_days(&far, HIT).await?),
        ];
        // It fills the keys that the Python server reads.
        let asked: Vec<String> = self.days.iter().map(|day| market::target(day)).collect();
        let url = url(&redis);
        let mut more = vec!["--redis", url.as_str()];
        more.extend(asked.iter().flat_map(|target| ["--target", target]));
        drop(self.peer("passthrough", &near, &more).await?);

        let addr = child::free_addr()?;
        let mut command = Command::new(python);
        command
            .args(["-m", "uvicorn", "app:app", "--host", "127.0.0.1"])
            .args(["--no-access-log", "--log-level", "warning"])
            .args(["--port", &addr.port().to_string()])
            .arg("--app-dir")
            .arg(&self.run.app)
            .env("BENCH_REDIS_URL", &url);
        let seed = Server::start(&mut command, addr, &self.path("python.log")).await?;
        let questions = self.learn_days(&seed, "").await?;
        for (ours, theirs) in targets[0].questions.iter().zip(&questions) {
            let (ours, theirs): (serde_json::Value, serde_json::Value) =
                (serde_json::from_slice(ours.body())?, serde_json::from_slice(theirs.body())?);
            ensure!(ours == theirs, "Python answers otherwise");
        }
        let mut parsed = self.target("FastAPI and redis-py", &seed, questions);
        parsed.requests = self.run.python_requests;
        targets.push(parsed);
        for target in &mut targets[1..] {
            target.redis = Some(redis.pid());
        }
        let samples = rounds::measure(&targets, self.run.rounds, self.run.connections).await?;
        let pairs = [(0, 2, Goal::AtLeast(60.0)), (1, 2, Goal::AtLeast(35.0))];
        report::table(
            "python: both hits beside FastAPI, which asks Redis each time",
            &targets,
            &samples,
            &pairs,
        );
        Ok(())
    }

    async fn learn_days(&self, server: &Server, line: &str) -> Result<Vec<Question>> {
        let mut questions = Vec::with_capacity(self.days.len());
        for day in &self.days {
            questions
                .push(client::learn(server.addr, client::request(&market::target(day), &[]), line).await?);
        }
        Ok(questions)
    }
}

fn url(redis: &Server) -> String {
    format!("redis://{}/1", redis.addr)
}

/// Nobody is measured for less than the whole answer.
fn same(ours: &Question, theirs: &Question) -> Result<()> {
    ensure!(ours.body() == theirs.body(), "the peer answers otherwise");
    Ok(())
}
