//! Every row of an embedded store, as text, without what differs between two runs of the same ingest.

use std::path::Path;

use rusqlite::{Connection, types::Value};

/// What tells runs and moments, not rows.
const OF_RUNS: [&str; 3] = ["run", "run_id", "version"];

/// Tables with their rows, in order.
pub(crate) fn dump(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut names = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             AND name NOT IN ('ingest_run', 'revision', 'fingerprint', 'schema_migration') ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
        let mut found = statement.query([]).unwrap();
        let mut of_table = Vec::new();
        while let Some(row) = found.next().unwrap() {
            let mut text = name.clone();
            for (at, column) in columns.iter().enumerate() {
                if !OF_RUNS.contains(&column.as_str()) {
                    text += &format!(" {column}={:?}", row.get::<_, Value>(at).unwrap());
                }
            }
            of_table.push(text);
        }
        of_table.sort();
        rows.extend(of_table);
    }
    rows
}

/// Fails with the rows that only one of two stores has.
pub(crate) fn same(one: &[String], other: &[String]) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|row| !those.contains(row)).take(5).cloned().collect()
    };
    let none: [String; 0] = [];
    assert_eq!((only(one, other), only(other, one)), (none.to_vec(), none.to_vec()));
    assert_eq!(one.len(), other.len());
}
