//! Running the command in a folder of its own.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

pub(crate) const HEADER: &str =
    "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n";
pub(crate) const GOOD: &str =
    "000001.SZ,20250205,11.5,11.52,11.33,11.37,11.47,-0.1,-0.8718,843433.7,961193.579\n";

/// How a command ended and what it said.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn stockpile(folder: &Path, args: &[&str]) -> Run {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_stockpile"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    Run {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

pub(crate) fn desk(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

pub(crate) fn ingest(folder: &TempDir, files: &[&str]) -> Run {
    stockpile(folder.path(), &[&["ingest", "file"], files].concat())
}
