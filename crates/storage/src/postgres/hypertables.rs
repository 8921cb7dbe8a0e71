//! TimescaleDB's hypertables, where the extension is installed in the database.
//!
//! Only what its Apache edition has: tables in chunks of time. Compression, retention and continuous aggregates need the
//! other licence and are left to the operator.

/// A table and how much time a chunk of it holds: about as much as fits in memory while it is written.
pub(super) const CHUNKS: [(&str, &str, &str); 7] = [
    ("daily_bar", "trade_date", "1 year"),
    ("daily_basic", "trade_date", "1 year"),
    ("price_limit", "trade_date", "1 year"),
    ("adj_factor", "trade_date", "5 years"),
    ("minute_bar", "time", "1 month"),
    ("candle", "time", "3 months"),
    ("crypto_market", "last_updated", "1 month"),
];

/// The statements that turn tables into hypertables, with the rows they have.
///
/// `extension` is the version of the installed extension and `done` names the tables that are hypertables already. Nothing
/// to do without the extension, and before version 2, whose rows cannot be replaced in place.
pub(super) fn statements(extension: Option<&str>, done: &[String]) -> Vec<String> {
    let major = extension.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < 2) {
        return Vec::new();
    }
    CHUNKS
        .iter()
        .filter(|(table, ..)| !done.iter().any(|name| name == table))
        .map(|(table, column, interval)| {
            format!(
                "SELECT create_hypertable('{table}', '{column}', chunk_time_interval => INTERVAL '{interval}', \
                 create_default_indexes => FALSE, if_not_exists => TRUE, migrate_data => TRUE)"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stay_plain_without_the_extension_or_with_one_too_old() {
        for extension in [None, Some("1.7.5"), Some(""), Some("unknown")] {
            assert_eq!(statements(extension, &[]), [""; 0], "{extension:?}");
        }
    }

    #[test]
    fn every_table_with_a_time_becomes_a_hypertable_once() {
        let all = statements(Some("2.17.2"), &[]);
        assert_eq!(all.len(), CHUNKS.len());
        assert_eq!(
            all[0],
            "SELECT create_hypertable('daily_bar', 'trade_date', chunk_time_interval => INTERVAL '1 year', \
             create_default_indexes => FALSE, if_not_exists => TRUE, migrate_data => TRUE)"
        );
        let done: Vec<String> = CHUNKS[1..].iter().map(|(table, ..)| (*table).to_owned()).collect();
        assert_eq!(statements(Some("2.17.2"), &done), all[..1]);
    }

    #[test]
    fn the_column_of_time_is_part_of_the_tables_key() {
        // TimescaleDB refuses a unique index without it.
        let schema = include_str!("migrations/0001_market.sql");
        for (table, column, _) in CHUNKS {
            let start = schema.find(&format!("CREATE TABLE {table} (")).unwrap();
            let key = schema[start..].split("PRIMARY KEY (").nth(1).unwrap().split(')').next().unwrap();
            assert!(key.split(", ").any(|name| name == column), "{table}: {key}");
        }
    }

    #[test]
    fn nothing_of_the_other_licence_is_asked_for() {
        let text = statements(Some("2.17.2"), &[]).join("\n").to_lowercase();
        for word in ["compress", "policy", "continuous", "columnstore", "tiering"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
