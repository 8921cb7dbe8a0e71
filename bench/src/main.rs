//! What a hit costs over HTTP: the server beside peers that do less, asked in turn, by CPU time for each request.
//!
//! `bench/http` builds and starts it; `bench/README.md` says what is measured and how to read it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table")]

mod answer;
mod cases;
mod child;
mod client;
mod cpu;
mod market;
mod peer;
mod report;
mod rounds;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(version, about = "Measures what a hit costs over HTTP, beside peers that do less")]
struct Command {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Starts everything, asks in turn, prints the table.
    Run(Run),
    /// Serves answers of another server again; started by `run`.
    Replay(peer::replay::Options),
    /// Passes bytes from Redis through; started by `run`.
    Passthrough(peer::passthrough::Options),
}

/// What to measure, and how long.
#[derive(Args, Clone, Debug)]
struct Run {
    /// Folder with stockpile-server and stockpile.
    #[arg(long)]
    programs: PathBuf,
    /// A server of another build, measured beside the first.
    #[arg(long)]
    beside: Option<PathBuf>,
    /// Python with the packages of bench/python/requirements.txt; without it those rows are left out.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Folder with app.py.
    #[arg(long, default_value = "bench/python")]
    app: PathBuf,
    /// Rounds; in each, everybody is asked once.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// Requests to a Rust server in a round.
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
    /// Requests to a Python server in a round.
    #[arg(long, default_value_t = 1000)]
    python_requests: usize,
    /// Connections kept open; each has one request under way.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Only the tables whose name holds this.
    #[arg(long, default_value = "")]
    filter: String,
}

fn main() -> Result<()> {
    match Command::parse().role {
        Role::Run(run) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut interrupt = signal(SignalKind::interrupt())?;
                let mut terminate = signal(SignalKind::terminate())?;
                // Whichever comes first, the servers end with the future that owns them.
                tokio::select! {
                    measured = cases::run(&run) => measured,
                    _ = interrupt.recv() => anyhow::bail!("interrupted"),
                    _ = terminate.recv() => anyhow::bail!("terminated"),
                }
            })
        }
        Role::Replay(options) => actix_web::rt::System::new().block_on(peer::replay::serve(options)),
        Role::Passthrough(options) => {
            actix_web::rt::System::new().block_on(peer::passthrough::serve(options))
        }
    }
}
