//! The operator's command: brings market data into a store, tells what is there, shows the settings.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its terminal")]

mod cache;
mod cli;
mod config;
mod exit;
mod ingest;
mod live;
mod output;
mod progress;
mod quality;
mod runs;
mod status;
mod store;
mod summary;

use clap::{CommandFactory as _, Parser as _};

use crate::{
    cli::{Cli, Command, ConfigAction, IngestSource},
    exit::Exit,
};

/// Waits until somebody asks this process to stop.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

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
                    IngestSource::Tushare(args) => live::tushare(&cli, args).await,
                    IngestSource::Crypto(args) => live::crypto(&cli, args).await,
                    IngestSource::Status { limit } => runs::status(&cli, *limit).await,
                    IngestSource::Repair => runs::repair(&cli).await,
                    IngestSource::Check => quality::check(&cli).await,
                },
                Command::Status => status::status(&cli).await,
                Command::Cache { action } => cache::run(&cli, action).await,
                Command::Config { action: ConfigAction::Show } => config::show(&cli),
                Command::Config { action: ConfigAction::Check } => config::check(&cli),
                Command::Init { force } => config::init(*force),
                Command::Completions { shell } => {
                    clap_complete::generate(*shell, &mut Cli::command(), "stockpile", &mut std::io::stdout());
                    Ok(Exit::Ok)
                }
            }
        };
        tokio::select! {
            done = work => done.unwrap_or_else(|error| {
                eprintln!("error: {error:#}");
                Exit::of(&error)
            }),
            // Dropping the work takes back what was not committed.
            () = stop_signal() => {
                eprintln!("{}", match &cli.command {
                    Command::Cache { .. } => "interrupted; what was deleted by then is gone",
                    Command::Ingest { source: IngestSource::Tushare(_) | IngestSource::Crypto(_) } => {
                        "interrupted; what was being fetched left nothing, what was told stays: the same command goes on"
                    }
                    _ => "interrupted; the file that was being read left nothing",
                });
                Exit::Failed
            }
        }
    });
    // A reader in the middle of an archive is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    exit.into()
}
