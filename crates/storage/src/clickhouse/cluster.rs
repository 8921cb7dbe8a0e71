//! Statements as a cluster wants them.

use std::fmt::Write as _;

/// Where replicas of a table find each other in Keeper.
const REPLICAS: &str = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
/// Statements that name the cluster after their object.
const DDL: [&str; 2] = ["CREATE TABLE IF NOT EXISTS ", "ALTER TABLE "];
const ENGINES: [&str; 2] = ["ReplacingMergeTree(", "MergeTree("];

/// A statement of a migration, on every server of the cluster and with replicated engines when there is a cluster.
pub(super) fn render(statement: &str, cluster: Option<&str>) -> String {
    let Some(cluster) = cluster else { return statement.to_owned() };
    let mut rendered = String::with_capacity(statement.len() + 128);
    for line in statement.split_inclusive('\n') {
        if let Some((start, rest)) = DDL.iter().find_map(|ddl| Some((ddl, line.strip_prefix(ddl)?))) {
            let end = rest.find(|character: char| character.is_whitespace()).unwrap_or(rest.len());
            let _ =
                write!(rendered, "{start}{} ON CLUSTER {}{}", &rest[..end], quoted(cluster), &rest[end..]);
        } else if let Some((engine, rest)) = ENGINES
            .iter()
            .find_map(|engine| Some((engine, line.strip_prefix("ENGINE = ")?.strip_prefix(engine)?)))
        {
            let comma = if rest.starts_with(')') { "" } else { ", " };
            let _ = write!(rendered, "ENGINE = Replicated{engine}{REPLICAS}{comma}{rest}");
        } else {
            rendered.push_str(line);
        }
    }
    rendered
}

/// The statement that makes a database, on every server of the cluster when there is one.
pub(super) fn create_database(name: &str, cluster: Option<&str>) -> String {
    let everywhere = cluster.map(|cluster| format!(" ON CLUSTER {}", quoted(cluster))).unwrap_or_default();
    format!("CREATE DATABASE IF NOT EXISTS {}{everywhere}", identifier(name))
}

/// A text literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A name of a database or table.
fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_cluster_a_statement_stays_as_it_is() {
        let statement = "CREATE TABLE IF NOT EXISTS a (x UInt8)\nENGINE = ReplacingMergeTree(x)\nORDER BY x";
        assert_eq!(render(statement, None), statement);
    }

    #[test]
    fn on_a_cluster_tables_are_made_everywhere_and_replicated() {
        let statement = "CREATE TABLE IF NOT EXISTS a (\n    x UInt8\n)\nENGINE = ReplacingMergeTree(x)\nORDER BY x\nCOMMENT 'c'";
        assert_eq!(
            render(statement, Some("main")),
            "CREATE TABLE IF NOT EXISTS a ON CLUSTER 'main' (\n    x UInt8\n)\nENGINE = ReplicatedReplacingMergeTree(\
             '/clickhouse/tables/{shard}/{database}/{table}', '{replica}', x)\nORDER BY x\nCOMMENT 'c'"
        );
        assert_eq!(
            render("ENGINE = MergeTree()\n", Some("main")),
            "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')\n"
        );
    }

    #[test]
    fn on_a_cluster_the_database_is_made_everywhere() {
        assert_eq!(create_database("stock_data", None), "CREATE DATABASE IF NOT EXISTS `stock_data`");
        assert_eq!(
            create_database("stock_data", Some("main")),
            "CREATE DATABASE IF NOT EXISTS `stock_data` ON CLUSTER 'main'"
        );
        assert_eq!(
            create_database("the `old` data", Some("it's")),
            "CREATE DATABASE IF NOT EXISTS `the \\`old\\` data` ON CLUSTER 'it\\'s'"
        );
    }

    #[test]
    fn on_a_cluster_columns_are_added_everywhere() {
        assert_eq!(
            render("ALTER TABLE a ADD COLUMN IF NOT EXISTS y UInt8", Some("it's")),
            "ALTER TABLE a ON CLUSTER 'it\\'s' ADD COLUMN IF NOT EXISTS y UInt8"
        );
    }
}
