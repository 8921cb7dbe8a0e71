//! What the server's own log says of our requests.

use std::time::Duration;

use stockpile_clickhouse_local::{Config, Engine};
use stockpile_market::SecurityKind;
use stockpile_storage::contract::{bar, date, ingest};

use super::engine::{Database, left_out};

const STOCK: SecurityKind = SecurityKind::Stock;

#[tokio::test]
async fn every_request_is_named_and_a_day_is_read_by_its_projection() {
    let engine = match Engine::start(&Config { query_log: true, ..Config::default() }) {
        Ok(engine) => engine,
        Err(error) => return left_out(&error.to_string()),
    };
    let database = Database::at(&engine.url());
    let options = database.options.clone().timeouts(Duration::from_secs(5), Duration::from_secs(17));
    let store = stockpile_storage::clickhouse::open(&options).await.unwrap();
    // Enough rows that the planner has a reason to choose.
    let days: Vec<String> = (1..=28).map(|day| format!("202502{day:02}")).collect();
    let bars =
        (0..2_000).flat_map(|code| days.iter().map(move |day| bar(&format!("{code:06}.SZ"), day, 10.0)));
    ingest(&store, STOCK, bars).await;
    assert_eq!(store.bars.closes(STOCK, date("20250214")).await.unwrap().len(), 2_000);

    database.execute("SYSTEM FLUSH LOGS query_log").await;
    let ours = "FROM system.query_log WHERE type = 'QueryFinish' AND http_user_agent LIKE '%stockpile/%'";
    let count = async |and: &str| database.number(&format!("SELECT count() {ours} {and}")).await;
    assert!(count("").await > 20);
    assert_eq!(count("AND query_id NOT LIKE 'stockpile-%'").await, 0);
    assert_eq!(count("AND query_id IN (SELECT query_id FROM system.query_log GROUP BY query_id HAVING countIf(type = 'QueryStart') > 1)").await, 0);
    assert!(count("AND query_kind = 'Select' AND Settings['max_execution_time'] = '17'").await > 5);
    assert_eq!(count("AND query_kind = 'Select' AND Settings['max_execution_time'] = ''").await, 0);
    assert_eq!(count("AND query_kind = 'Insert' AND Settings['async_insert'] != '0'").await, 0);
    let by_projection = "AND query LIKE '%SELECT ts_code, close, pre_close%' AND arrayExists(name -> endsWith(name, 'by_day'), projections)";
    assert_eq!(count(by_projection).await, 1);
}
