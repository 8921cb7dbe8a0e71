//! The operator's command: brings market data into a store.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its terminal")]

mod cli;
mod exit;
mod ingest;
mod progress;
mod quality;
mod runs;
mod store;
mod summary;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command, IngestSource},
    exit::Exit,
};

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(async {
        let work = async {
            match &cli.command {
                Command::Ingest { source } => match source {
                    IngestSource::File(files) => ingest::files(&cli, files).await,
                    IngestSource::Status { limit } => runs::status(&cli, *limit).await,
                    IngestSource::Repair => runs::repair(&cli).await,
                    IngestSource::Check => quality::check(&cli).await,
                },
            }
        };
        tokio::select! {
            done = work => done.unwrap_or_else(|error| {
                eprintln!("error: {error:#}");
                Exit::of(&error)
            }),
            // Dropping the work takes back what was not committed.
            _ = tokio::signal::ctrl_c() => {
                eprintln!("interrupted; the file that was being read left nothing");
                Exit::Failed
            }
        }
    });
    // A reader in the middle of an archive is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    exit.into()
}
