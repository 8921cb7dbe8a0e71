//! Reads the settings, builds the parts, serves until told to stop.
#![allow(clippy::print_stderr, reason = "before the log there is only the terminal")]

use std::process::ExitCode;

use anyhow::Context as _;
use stockpile_server::{Application, backends, flags};
use stockpile_settings::{Settings, Sources};

fn main() -> ExitCode {
    let sources = flags::read(Sources::process());
    let settings = match Settings::from_sources(&sources) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(2);
        }
    };
    let missing = backends::missing(&settings);
    if !missing.is_empty() {
        eprintln!("error: this release cannot do what the settings ask for\n  {}", missing.join("\n  "));
        return ExitCode::from(2);
    }
    match actix_web::rt::System::new().block_on(run(settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    stockpile_telemetry::init(settings.logging.format, settings.logging.level, "stockpile-server")
        .context("while starting the log")?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    Application::build(&settings).await?.run().await
}
