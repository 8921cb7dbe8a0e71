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
}

/// Opens the store that flag, environment or `.env` name.
pub(crate) async fn open(cli: &Cli) -> Result<Opened> {
    let mut sources = Sources::process();
    if let Some(url) = &cli.storage_url {
        sources = sources.flag("STORAGE_URL", url.as_str());
    }
    let settings = Settings::from_sources(&sources)?;
    match &settings.storage {
        StorageUrl::Sqlite { path } => {
            let store = sqlite::open(path).await.context("while opening the store")?;
            Ok(Opened { store, folder: path.parent().unwrap_or(Path::new(".")).to_owned() })
        }
        other => bail!("the store `{other}` is not built into this release; use sqlite://FILE"),
    }
}
