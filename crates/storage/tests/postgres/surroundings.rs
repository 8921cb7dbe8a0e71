//! The same answers whatever the server is set to: its zone, its collation, encrypted or not.

use stockpile_market::SecurityKind;
use stockpile_postgres_local::Config;
use stockpile_storage::{
    Error, Store,
    contract::{self, bar, ingest},
    postgres,
};

use crate::{
    certificates::authority,
    desk::{Database, connect, options, own_server},
};

/// A store in a database that was created and set up past it.
async fn store_in(create: &str, setup: &str) -> Option<(Database, Store)> {
    let database = Database::absent()?;
    let sql = connect(&database.server, "postgres").await;
    let name = &database.name;
    sql.batch_execute(&format!("CREATE DATABASE {name} {create}")).await.unwrap();
    if !setup.is_empty() {
        sql.batch_execute(&format!("ALTER DATABASE {name} {setup}")).await.unwrap();
    }
    let store = postgres::open(&database.options()).await.unwrap();
    Some((database, store))
}

#[tokio::test]
async fn times_are_the_same_in_every_zone_of_the_server() {
    for zone in ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
        let Some((_database, store)) = store_in("", &format!("SET timezone = '{zone}'")).await else {
            return;
        };
        contract::values::times_are_kept_by_the_millisecond(&store).await;
    }
    let Some((_database, store)) = store_in("", "SET timezone = 'Asia/Shanghai'").await else { return };
    contract::values::dates_are_read_back_over_the_whole_range(&store).await;
}

#[tokio::test]
async fn settings_that_change_text_change_no_answer() {
    for setup in [
        "SET datestyle = 'German, DMY'",
        "SET extra_float_digits = -15",
        "SET bytea_output = escape",
        "SET standard_conforming_strings = off",
        "SET client_encoding = LATIN1",
        "SET default_transaction_isolation = serializable",
    ] {
        let Some((_database, store)) = store_in("", setup).await else { return };
        contract::batches::every_table_is_written_in_one_run_and_replaced_by_the_next(&store).await;
    }
    let Some((_database, store)) = store_in("", "SET extra_float_digits = -15").await else { return };
    contract::values::numbers_beside_bars_are_read_back_bit_for_bit(&store).await;
}

#[tokio::test]
async fn the_order_is_by_byte_whatever_the_collation() {
    let create = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'";
    let Some((_database, store)) = store_in(create, "").await else { return };
    contract::texts::texts_of_keys_are_kept_as_they_are(&store).await;
    let Some((_database, store)) = store_in(create, "").await else { return };
    contract::texts::keys_that_look_alike_are_apart(&store).await;
}

#[tokio::test]
async fn an_encrypted_connection_is_verified_and_never_silently_plain() {
    let (authority_pem, certificate, key) = authority("127.0.0.1");
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority_pem).unwrap();
    let config = Config {
        settings: vec![
            "ssl = on".into(),
            "ssl_cert_file = '../server.pem'".into(),
            "ssl_key_file = '../server.key'".into(),
        ],
        files: vec![("server.pem".into(), certificate), ("server.key".into(), key)],
        tls_only: true,
    };
    let Some(server) = own_server(&config) else { return };
    let at: tokio_postgres::Config = server.url("postgres").parse().unwrap();
    let sql = connect(&at, "postgres").await;
    sql.batch_execute("CREATE USER stockpile PASSWORD 'right' CREATEDB").await.unwrap();
    let mut config = at.clone();
    config.user("stockpile").password("right");
    let options = options(&config, "stock_data");

    let store = postgres::open(&options.clone().secure(true).ca_file(&ca)).await.unwrap();
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    #[cfg(feature = "settings")]
    {
        let address = format!(
            "postgres://stockpile:right@127.0.0.1:{}/stock_data?sslmode=require&sslrootcert={}",
            server.port(),
            ca.display()
        );
        let of_it = |name: &str| (name == "STORAGE_URL").then(|| address.clone());
        let settings = stockpile_settings::Settings::from_lookup(of_it).unwrap();
        stockpile_storage::open(&settings.storage).await.unwrap();
    }
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'stockpile' AND NOT ssl";
    assert_eq!(sql.query_one(plain, &[]).await.unwrap().get::<_, i64>(0), 0);

    let refused = postgres::open(&options).await.unwrap_err();
    assert!(matches!(refused, Error::Login { .. }), "{refused}");
    let (stranger, ..) = authority("127.0.0.1");
    std::fs::write(&ca, stranger).unwrap();
    let refused = postgres::open(&options.secure(true).ca_file(&ca)).await.unwrap_err();
    assert!(matches!(refused, Error::WrongServer { .. }), "{refused}");
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_when_tls_is_asked_for() {
    let Some(database) = Database::absent() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority("127.0.0.1").0).unwrap();
    let refused = postgres::open(&database.options().secure(true).ca_file(ca)).await.unwrap_err();
    assert!(matches!(refused, Error::WrongServer { .. }), "{refused}");
    let refused =
        postgres::open(&database.options().secure(true).ca_file("/nowhere/ca.pem")).await.unwrap_err();
    assert!(matches!(refused, Error::Open { .. }), "{refused}");
}
