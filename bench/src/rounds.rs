//! Asking several servers in turn, round by round.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{
    client::{self, Question},
    cpu,
};

/// One server and what it is asked.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) addr: SocketAddr,
    pub(crate) pid: u32,
    /// The Redis behind it.
    pub(crate) redis: Option<u32>,
    pub(crate) questions: Vec<Question>,
    pub(crate) requests: usize,
}

/// What one target took in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// CPU of the server for each request, microseconds.
    pub(crate) server_us: f64,
    pub(crate) redis_us: f64,
    pub(crate) per_second: f64,
    /// Share of the machine that others used meanwhile.
    pub(crate) foreign: f64,
}

/// Samples of each target in the order of the rounds; every other round goes backwards, so that a drift of the machine
/// meets all alike. Before them each is asked for half a round.
pub(crate) async fn measure(
    targets: &[Target],
    rounds: usize,
    connections: usize,
) -> Result<Vec<Vec<Sample>>> {
    let mut samples = vec![Vec::with_capacity(rounds); targets.len()];
    for target in targets {
        client::load(target.addr, &target.questions, connections, target.requests / 2)
            .await
            .with_context(|| format!("while warming up: {}", target.name))?;
    }
    for round in 0..rounds {
        for place in 0..targets.len() {
            let place = if round % 2 == 0 { place } else { targets.len() - 1 - place };
            let target = &targets[place];
            let sample = sample(target, connections).await;
            samples[place].push(sample.with_context(|| format!("while asking: {}", target.name))?);
        }
    }
    Ok(samples)
}

async fn sample(target: &Target, connections: usize) -> Result<Sample> {
    let redis_cpu = || target.redis.map_or(Ok(Duration::ZERO), cpu::of_process);
    let own = std::process::id();
    let (server, redis, client) = (cpu::of_process(target.pid)?, redis_cpu()?, cpu::of_process(own)?);
    let (machine, started) = (cpu::of_machine()?, Instant::now());
    client::load(target.addr, &target.questions, connections, target.requests).await?;
    let took = started.elapsed();
    // What is still to be done for these requests, such as logging them, belongs to them.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (server, redis) = (cpu::of_process(target.pid)? - server, redis_cpu()? - redis);
    let ours = server + redis + (cpu::of_process(own)? - client);
    let foreign = (cpu::of_machine()? - machine).saturating_sub(ours);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / target.requests as f64;
    Ok(Sample {
        server_us: each(server),
        redis_us: each(redis),
        per_second: target.requests as f64 / took.as_secs_f64(),
        foreign: foreign.as_secs_f64() / started.elapsed().as_secs_f64() / cpu::cores(),
    })
}
