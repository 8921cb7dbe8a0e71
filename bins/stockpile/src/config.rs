//! `stockpile config` and `stockpile init`.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use stockpile_settings::Settings;

use crate::{cli::Cli, exit::Exit, output::say, store};

/// Every variable with meaning, default and unit; a test of the settings keeps it true.
const TEMPLATE: &str = include_str!("../../../.env.docker");

#[derive(Serialize)]
struct Row<'a> {
    variable: &'a str,
    value: &'a str,
    origin: String,
}

/// Shows every setting in force and where it comes from; secrets are masked.
pub(crate) fn show(cli: &Cli) -> Result<Exit> {
    let settings = store::settings(cli)?;
    let mut exit = Exit::Ok;
    for row in settings.describe() {
        let line = if cli.json {
            let row = Row { variable: row.variable, value: &row.value, origin: row.origin.to_string() };
            serde_json::to_string(&row)?
        } else {
            format!("{:<28} {:<44} {}", row.variable, row.value, row.origin)
        };
        exit = exit.max(say(&line));
    }
    Ok(exit)
}

/// Says whether the programs could start with the settings in force.
pub(crate) fn check(cli: &Cli) -> Result<Exit> {
    let settings: Settings = store::settings(cli)?;
    for warning in &settings.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(say(if cli.json { r#"{"ok":true}"# } else { "the settings are fine" }))
}

/// Writes a `.env` with every variable, its meaning and its default.
pub(crate) fn init(force: bool) -> Result<Exit> {
    let path = Path::new(".env");
    let mut options = OpenOptions::new();
    options.write(true).create_new(!force).create(true).truncate(force);
    #[cfg(unix)]
    {
        // It will hold secrets.
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("`.env` is there already and was left alone; --force replaces it");
        }
        Err(error) => return Err(error).context("while making `.env`"),
    };
    file.write_all(commented(TEMPLATE).as_bytes()).context("while writing `.env`")?;
    Ok(say("wrote .env: every setting with its default; take the # off the lines you change"))
}

/// The template with every assignment commented out: what is not set keeps the default of the program.
fn commented(template: &str) -> String {
    template
        .lines()
        .map(|line| {
            if line.is_empty() || line.starts_with('#') { format!("{line}\n") } else { format!("#{line}\n") }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_file_sets_nothing() {
        let text = commented(TEMPLATE);
        assert!(text.contains("#HTTP_ADDR="));
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')));
    }
}
