//! The store the settings name.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use stockpile_settings::{Settings, Sources};
use stockpile_storage::Store;

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
    let store = stockpile_storage::open(&settings.storage).await.context("while opening the store")?;
    let (folder, name) = (settings.storage.folder().to_owned(), settings.storage.to_string());
    Ok(Opened { store, folder, name })
}
