//! Wall and CPU seconds of a whole demo market into a new SQLite store. The goal is 5 s of wall time.
//!
//! Run alone: `cargo bench -p stockpile-ingest --bench demo`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "bench")]

use std::time::Instant;

use cpu_time::ProcessTime;
use jiff::Timestamp;
use stockpile_ingest::DemoMarket;
use stockpile_market::TsCode;
use stockpile_storage::sqlite;

const GOAL_S: f64 = 5.0;

fn main() {
    let market = DemoMarket::new("20261120".parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    println!("{:<10} {:>9} {:>8} {:>8}", "what", "rows", "wall s", "CPU s");
    let timed = |what: &str, work: &mut dyn FnMut() -> u64| {
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        let rows = work();
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        println!(
            "{what:<10} {rows:>9} {wall:>8.2} {cpu:>8.2}  {}",
            if wall <= GOAL_S { "ok" } else { "SLOW" }
        );
    };
    timed("draw", &mut || market.days().map(|day| day.stocks.len() as u64).sum());
    // 20 November 2026, 10:25 at the exchange.
    let now = Timestamp::from_second(1_795_141_500).unwrap();
    let mut coins = None;
    timed("coins", &mut || coins.insert(market.coins()).at(now).len() as u64);
    let coins = coins.unwrap();
    let store = runtime.block_on(sqlite::open(&folder.path().join("demo.db"))).unwrap();
    for round in ["write", "again"] {
        timed(round, &mut || {
            let stocks = runtime.block_on(market.write(&store, now)).unwrap().rows;
            stocks + runtime.block_on(coins.write(&store, now)).unwrap()
        });
    }
    let replay = market.replay();
    let codes: Vec<TsCode> = replay.codes().collect();
    // 20 November 2026, 10:00 at the exchange, and the minutes after it.
    timed("quotes", &mut || {
        let minutes =
            (0..60).flat_map(|minute| codes.iter().map(move |code| (*code, 1_795_140_000 + 60 * minute)));
        minutes.filter(|(code, second)| replay.quote(*code, *second).is_some()).count() as u64
    });
}
