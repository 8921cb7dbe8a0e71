//! The store the settings name.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use stockpile_settings::{Settings, Sources, StorageUrl};
use stockpile_storage::{Store, sqlite};

use crate::cli::Cli;

/// A store, and the folder that things about it belong in.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) folder: PathBuf,
    /// Its address, without credentials.
    pub(crate) name: String,
}

/// The settings that flag, environment and `.env` give.
pub(crate) fn settings(cli: &Cli) -> Result<Settings, stockpile_settings::Error> {
    let mut sources = Sources::process();
    if let Some(url) = &cli.storage_url {
        sources = sources.flag("STORAGE_URL", url.as_str());
    }
    Settings::from_sources(&sources)
}

/// Opens the store that flag, environment or `.env` name.
pub(crate) async fn open(cli: &Cli) -> Result<Opened> {
    let settings = settings(cli)?;
    match &settings.storage {
        StorageUrl::Sqlite { path } => {
            let store = sqlite::open(path).await.context("while opening the store")?;
            Ok(Opened {
                store,
                folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
                name: settings.storage.to_string(),
            })
        }
        other => bail!("the store `{other}` is not built into this release; use sqlite://FILE"),
    }
}
