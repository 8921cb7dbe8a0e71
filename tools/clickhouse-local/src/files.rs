//! Where the fetched engine lies.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Folder below the target folder; scripts/fetch-clickhouse knows it too.
const FOLDER: &str = "tools/clickhouse-26.7.3";

/// The engine's library and the program that runs it.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) library: PathBuf,
    pub(crate) launcher: PathBuf,
}

impl Files {
    /// Looks in every folder above this program, as in `target/debug/deps`, then in the workspace's own target folder.
    pub(crate) fn find() -> Result<Self> {
        let program = env::current_exe()?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        let mut last = PathBuf::new();
        for folder in program.ancestors().skip(1).chain([workspace.as_path()]) {
            let folder = folder.join(FOLDER);
            let files =
                Self { library: folder.join("libchdb.so"), launcher: folder.join("clickhouse-local") };
            if files.library.exists() && files.launcher.exists() {
                return Ok(files);
            }
            last = folder;
        }
        Err(Error::NotFetched { path: last })
    }
}
