//! The stores under comparison and the same files into each.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use stockpile_clickhouse_local::Database as ClickHouseDatabase;
use stockpile_ingest::{FileIngest, Ingested, Outcome, Silent};
use stockpile_postgres_local::Database as PostgresDatabase;
use stockpile_storage::{Store, clickhouse as on_clickhouse, postgres as on_postgres, sqlite};
use tempfile::TempDir;

/// One store of each engine there is, SQLite first.
pub(crate) struct Stores {
    pub(crate) all: Vec<Store>,
    folder: TempDir,
    _databases: (Option<ClickHouseDatabase>, Option<PostgresDatabase>),
}

impl Stores {
    /// Empty stores in a file and in databases of their own; nothing where there is no server to compare with, which is said.
    pub(crate) async fn open() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec![sqlite::open(&folder.path().join("stockpile.db")).await.unwrap()];
        let databases = (ClickHouseDatabase::for_a_test(), PostgresDatabase::for_a_test());
        if let Some(database) = &databases.0 {
            let options = on_clickhouse::Options::new(database.host()).port(database.port());
            all.push(on_clickhouse::open(&options.database(database.name())).await.unwrap());
        }
        if let Some(database) = &databases.1 {
            let options = on_postgres::Options::new(database.host(), database.name(), database.user());
            let options = options.port(database.port());
            let options = match database.password() {
                Some(password) => options.password(password),
                None => options,
            };
            all.push(on_postgres::open(&options).await.unwrap());
        }
        (all.len() > 1).then_some(Self { all, folder, _databases: databases })
    }

    /// The store the others are compared with.
    pub(crate) fn reference(&self) -> &Store {
        &self.all[0]
    }

    /// Brings the files into every store at the same time; fails where the stores differ in what they took and refused.
    pub(crate) async fn ingest(&self, folder: &Path, names: &[String]) -> Vec<Ingested> {
        let tasks: Vec<_> = self
            .all
            .iter()
            .map(|store| {
                let reports = self.folder.path().join(store.engine);
                let (ingest, folder, names) =
                    (ingest(store.clone(), &reports), folder.to_owned(), names.to_vec());
                tokio::spawn(async move {
                    let mut told = Vec::new();
                    for name in &names {
                        told.push(one(&ingest, &folder.join(name)).await);
                    }
                    told
                })
            })
            .collect();
        let mut told = Vec::new();
        for task in tasks {
            told.push(task.await.unwrap());
        }
        for (store, others) in self.all.iter().zip(&told).skip(1) {
            for ((name, expected), got) in names.iter().zip(&told[0]).zip(others) {
                assert_eq!(alike(expected), alike(got), "{name} into {}", store.engine);
            }
        }
        told.swap_remove(0).into_iter().map(|(ingested, _)| ingested).collect()
    }
}

/// What an ingest told, with the text of its report of refused rows.
type Told = (Ingested, String);

async fn one(ingest: &FileIngest, file: &Path) -> Told {
    let engine = ingest.store.engine;
    match ingest
        .ingest(file)
        .await
        .unwrap_or_else(|error| panic!("{} into {engine}: {error:?}", file.display()))
    {
        Outcome::Ingested(ingested) => {
            eprintln!("{} into {engine}: {:.1} s", file.display(), ingested.seconds);
            let report = ingested.report.as_ref().map(|path| std::fs::read_to_string(path).unwrap());
            (ingested, report.unwrap_or_default())
        }
        Outcome::Unsupported { reason } => panic!("{}: {reason}", file.display()),
    }
}

/// Without what belongs to one store: numbers of its runs and revisions, its folder, its speed.
fn alike((ingested, report): &Told) -> (String, &str) {
    let Ingested { kind, rows, bars, factors, days, ignored_columns, adjusted_days, .. } = ingested;
    (format!("{kind:?} {rows:?} {bars:?} {factors} {days:?} {ignored_columns:?} {adjusted_days:?}"), report)
}

fn ingest(store: Store, reports: &Path) -> FileIngest {
    FileIngest {
        store,
        kind: None,
        adjusted: false,
        strict: false,
        report_folder: reports.to_owned(),
        wait: std::time::Duration::ZERO,
        now: || Timestamp::constant(1_798_761_600, 0), // 2027-01-01
        progress: Arc::new(Silent),
    }
}
