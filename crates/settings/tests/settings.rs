//! What a reader of the settings can rely on.

use std::{
    collections::HashMap, ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf, process::Command,
    time::Duration,
};

use stockpile_settings::{
    ApiAccess, CacheUrl, DatabaseServer, Demo, Error, Live, LogFormat, LogLevel, MetricsAccess, Origin, Role,
    Settings, Sources, StorageUrl, secrecy::ExposeSecret,
};

fn read(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
    let map: HashMap<&str, &str> = pairs.iter().copied().collect();
    Settings::from_lookup(|name| map.get(name).map(ToString::to_string))
}

/// The message about `variable`, which must be among the problems.
fn problem(pairs: &[(&str, &str)], variable: &str) -> String {
    let Err(error) = read(pairs) else { panic!("no problem with {variable}") };
    let found = error.problems().iter().find(|problem| problem.variable == variable);
    found.unwrap_or_else(|| panic!("no problem with {variable} in: {error}")).to_string()
}

#[test]
fn nothing_set_gives_the_documented_defaults() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.http.addr.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.http.request_timeout, Duration::from_secs(10));
    assert_eq!(settings.http.body_limit, 1 << 20);
    assert!(settings.http.cors_origins.is_empty());
    assert_eq!(settings.access.api, ApiAccess::Open);
    assert_eq!(settings.access.metrics, MetricsAccess::Loopback);
    let StorageUrl::Sqlite { path } = &settings.storage else { panic!("{:?}", settings.storage) };
    assert_eq!(path, &PathBuf::from("data/stockpile.db"));
    assert!(matches!(settings.cache.url, CacheUrl::Memory));
    assert_eq!(settings.cache.l1_max_bytes, 64 << 20);
    assert_eq!(settings.cache.budget, Duration::from_millis(50));
    assert_eq!(settings.cache.lifetimes.daily.as_secs(), 86_400);
    assert_eq!((settings.role, settings.demo), (Role::All, Demo::Auto));
    assert_eq!((settings.logging.format, settings.logging.level), (LogFormat::Auto, LogLevel::Info));
    assert!(settings.langfuse.is_none() && settings.providers.tushare.token.is_none());
    assert!(settings.warnings.is_empty());
}

#[test]
fn empty_counts_as_unset() {
    let names: Vec<&str> = read(&[]).unwrap().describe().iter().map(|row| row.variable).collect();
    for empty in ["", "  "] {
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| (*name, empty)).collect();
        let settings = read(&pairs).unwrap();
        assert_eq!(settings.describe(), read(&[]).unwrap().describe());
    }
}

#[test]
fn every_mistake_is_reported_at_once_with_its_variable_value_and_advice() {
    let error = read(&[
        ("HTTP_ADDR", "eighty"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("CACHE_TTL_QUOTE", "soon"),
        ("BODY_LIMIT_BYTES", "many"),
        ("ROLE", "boss"),
    ])
    .unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("5 settings cannot be used\n"), "{text}");
    for part in [
        "HTTP_ADDR is `eighty`: write address:port",
        "REDIS_PORT is `tcp://10.0.0.1:6379`: write a port",
        "CACHE_TTL_QUOTE is `soon`: write a whole number from 1",
        "BODY_LIMIT_BYTES is `many`: write a whole number",
        "ROLE is `boss`: write one of all, api, collector",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn every_part_of_a_stores_address_is_read() {
    let parts = |url: &str| {
        let storage = read(&[("STORAGE_URL", url), ("CLICKHOUSE_CLUSTER", "another")]).unwrap().storage;
        let (StorageUrl::ClickHouse(server) | StorageUrl::Postgres(server)) = storage else {
            panic!("{url}")
        };
        let password = server.password.map(|password| password.expose_secret().to_owned());
        (
            server.host,
            server.port,
            server.user,
            password.unwrap(),
            server.database,
            server.tls,
            server.cluster,
        )
    };
    assert_eq!(
        parts("clickhouse://us%2Der:p%2F%23w%3F@[::1]:8124/mine?secure=true&cluster=two_hosts"),
        ("::1".into(), 8124, "us-er".into(), "p/#w?".into(), "mine".into(), true, Some("two_hosts".into()))
    );
    let cluster = parts("clickhouse://a:secret%20words@db/mine").6;
    assert_eq!(cluster.as_deref(), Some("another"));
    assert_eq!(
        parts("postgres://me:secret%20words@db.example.org:5433/mine?sslmode=require"),
        ("db.example.org".into(), 5433, "me".into(), "secret words".into(), "mine".into(), true, None)
    );
}

#[test]
fn an_authority_of_ones_own_is_named_with_tls_alone() {
    let read_url = |url: &str| read(&[("STORAGE_URL", url)]);
    for (url, path) in [
        ("clickhouse://db/mine?secure=true&ca=/etc/ca.pem", Some("/etc/ca.pem")),
        ("clickhouse://db/mine?secure=true", None),
        ("postgres://db/mine?sslmode=require&sslrootcert=%2Fetc%2Fmy%20ca.pem", Some("/etc/my ca.pem")),
        ("postgres://db/mine?sslmode=verify-full&sslrootcert=ca.pem", Some("ca.pem")),
    ] {
        let (StorageUrl::ClickHouse(server) | StorageUrl::Postgres(server)) = read_url(url).unwrap().storage
        else {
            panic!("{url}")
        };
        assert!(server.tls, "{url}");
        assert_eq!(server.ca_file, path.map(PathBuf::from), "{url}");
    }
    for (url, advice) in [
        ("clickhouse://db/mine?ca=/etc/ca.pem", "secure=true"),
        ("clickhouse://db/mine?secure=true&ca=", "the path of a file"),
        ("postgres://db/mine?sslmode=disable&sslrootcert=/etc/ca.pem", "sslmode=require"),
        ("postgres://db/mine?sslmode=prefer", "sslmode=verify-full"),
    ] {
        let error = read_url(url).unwrap_err().to_string();
        assert!(error.contains(advice), "{url}: {error}");
    }
}

#[test]
fn what_belongs_to_a_store_lies_beside_its_file() {
    let folder = |url: &str| read(&[("STORAGE_URL", url)]).unwrap().storage.folder().to_owned();
    assert_eq!(folder("sqlite:///var/lib/stockpile.db"), PathBuf::from("/var/lib"));
    assert_eq!(folder("postgres://db/stock_data"), PathBuf::from("data"));
}

#[test]
fn clickhouse_is_built_from_its_host() {
    let settings =
        read(&[("CLICKHOUSE_HOST", "db.example.org"), ("CLICKHOUSE_PASSWORD", "c2f0a5e7")]).unwrap();
    let StorageUrl::ClickHouse(server) = settings.storage else { panic!() };
    let DatabaseServer { host, port, user, password, database, tls, .. } = server;
    assert_eq!(
        (host.as_str(), port, user.as_str(), database.as_str(), tls),
        ("db.example.org", 8123, "clickhouse", "stock_data", false)
    );
    assert_eq!(password.unwrap().expose_secret(), "c2f0a5e7");
}

#[test]
fn native_port_is_accepted_and_said_to_be_unused() {
    let settings = read(&[("CLICKHOUSE_HOST", "db"), ("CLICKHOUSE_PORT", "9000")]).unwrap();
    assert!(matches!(&settings.storage, StorageUrl::ClickHouse(server) if server.port == 8123));
    assert!(
        settings.warnings.iter().any(|warning| warning.contains("CLICKHOUSE_PORT")),
        "{:?}",
        settings.warnings
    );
}

#[test]
fn variables_fill_what_an_address_leaves_out() {
    let settings = read(&[
        ("STORAGE_URL", "clickhouse://db"),
        ("CLICKHOUSE_USER", "reader"),
        ("REDIS_URL", "redis://cache:6380"),
        ("REDIS_PASSWORD", "5f1d"),
    ])
    .unwrap();
    let StorageUrl::ClickHouse(server) = settings.storage else { panic!() };
    let found = (server.user.as_str(), server.database.as_str(), server.port);
    assert_eq!(found, ("reader", "stock_data", 8123));
    assert_eq!(settings.cache.url.to_secret_url().expose_secret(), "redis://:5f1d@cache:6380/1");
}

#[test]
fn a_redis_address_without_number_means_database_one() {
    for (url, expected) in [
        ("redis://c", Some(1)),
        ("redis://c/", Some(1)),
        ("redis://c/0", Some(0)),
        ("rediss://c:1/15", Some(15)),
        ("valkey://c", Some(1)),
        ("redis-sentinel://a,b?service=main", Some(1)),
        ("redis-cluster://a,b", None),
    ] {
        let settings = read(&[("CACHE_URL", url)]).unwrap();
        let CacheUrl::Redis(redis) = settings.cache.url else { panic!("{url}") };
        assert_eq!(redis.db, expected, "{url}");
    }
}

#[test]
fn a_password_with_odd_characters_survives_the_way_to_the_client() {
    let settings = read(&[("REDIS_HOST", "::1"), ("REDIS_PASSWORD", "p@ss/w:r?d#ü")]).unwrap();
    let url = settings.cache.url.to_secret_url();
    let again = read(&[("CACHE_URL", url.expose_secret())]).unwrap();
    let CacheUrl::Redis(redis) = again.cache.url else { panic!() };
    assert_eq!(redis.hosts, [("::1".to_owned(), 6379)]);
    assert_eq!(redis.password.unwrap().expose_secret(), "p@ss/w:r?d#ü");
}

#[test]
fn addresses_of_sentinels_and_clusters_reach_the_cache_as_it_reads_them() {
    for (url, expected) in [
        ("redis-cluster://a,b:7001", "redis-cluster://a:6379,b:7001"),
        ("valkeys-cluster://:p%40w@[::1]:7?node=b", "valkeys-cluster://:p%40w@[::1]:7,b:6379"),
        (
            "rediss-sentinel://ann:5f1d@a,b:1/3?service=main&sentinelPassword=7a%2Fb&ca=/etc/ca.pem",
            "rediss-sentinel://ann:5f1d@a:26379,b:1/3?ca=%2Fetc%2Fca%2Epem&service=main&sentinelPassword=7a%2Fb",
        ),
        ("redis://a?clients=4", "redis://a:6379/1?clients=4"),
    ] {
        let settings = read(&[("CACHE_URL", url)]).unwrap();
        assert_eq!(settings.cache.url.to_secret_url().expose_secret(), expected);
        let again = read(&[("CACHE_URL", expected)]).unwrap();
        assert_eq!(again.cache.url.to_secret_url().expose_secret(), expected);
        let shown = format!("{} {:?}", settings.cache.url, settings);
        assert!(!shown.contains("5f1d") && !shown.contains("7a%2Fb") && !shown.contains("7a/b"), "{shown}");
        assert!(!shown.contains("ann"), "{shown}");
    }
}

#[test]
fn an_address_of_redis_the_cache_would_refuse_is_told_at_the_start() {
    for (url, expected) in [
        ("redis://a,b", "several hosts"),
        ("redis-cluster://a/1", "only database 0"),
        ("redis-sentinel://a", "service"),
        ("redis-other://a", "redis-sentinel://"),
        ("redis://a?ca=/x", "unknown parameter"),
        ("redis://a?namespace=x:", "unknown parameter"),
        ("redis://a/256", "0 to 255"),
        ("redis-cluster://a,b:port", "port"),
    ] {
        let message = problem(&[("CACHE_URL", url)], "CACHE_URL");
        assert!(message.contains(expected), "{url}: {message}");
    }
}

#[test]
fn two_variables_that_name_different_places_stop_the_start_naming_both() {
    for pairs in [
        [("STORAGE_URL", "sqlite://a.db"), ("DATABASE_URL", "postgres://db/x")],
        [("STORAGE_URL", "clickhouse://db"), ("CLICKHOUSE_HOST", "other")],
        [("DATABASE_URL", "sqlite://a.db"), ("CLICKHOUSE_HOST", "db")],
        [("CACHE_URL", "memory://"), ("REDIS_HOST", "cache")],
        [("CACHE_URL", "redis://cache/1"), ("REDIS_URL", "redis://cache/2")],
    ] {
        let message = problem(&pairs, pairs[0].0);
        assert!(message.contains(pairs[0].0) && message.contains(pairs[1].0), "{message}");
    }
}

#[test]
fn two_variables_that_name_the_same_place_agree() {
    read(&[("STORAGE_URL", "clickhouse://DB:8123/stock_data"), ("CLICKHOUSE_HOST", "db")]).unwrap();
    read(&[("CACHE_URL", "redis://localhost"), ("REDIS_URL", "redis://127.0.0.1:6379/1")]).unwrap();
}

#[test]
fn known_default_passwords_are_refused_on_every_host_without_being_repeated() {
    for pairs in [
        [("CLICKHOUSE_PASSWORD", "clickhouse")],
        [("REDIS_PASSWORD", "stockredis123")],
        [("REDIS_URL", "redis://:stockredis123@localhost")],
        [("DATABASE_URL", "postgresql://postgres:ch%61ngeme@127.0.0.1/x")],
        [("STORAGE_URL", "clickhouse://clickhouse:Password@db.example.org")],
        [("OPENAI_API_KEY", "your_openai_key")],
    ] {
        let message = problem(&pairs, pairs[0].0);
        assert!(message.contains("default") || message.contains("placeholder"), "{message}");
        for secret in ["stockredis123", "changeme", "ch%61ngeme", "Password@"] {
            assert!(!message.contains(secret), "{message}");
        }
    }
}

#[test]
fn split_roles_are_refused_where_only_one_process_can_reach_the_data() {
    assert!(
        problem(&[("ROLE", "collector")], "ROLE")
            .contains("refused on sqlite://data/stockpile.db with memory://")
    );
    problem(&[("ROLE", "api"), ("CACHE_URL", "none://")], "ROLE");
    read(&[("ROLE", "collector"), ("CLICKHOUSE_HOST", "db"), ("REDIS_HOST", "cache")]).unwrap();
}

#[test]
fn langfuse_is_on_with_both_keys_and_a_half_pair_is_a_mistake() {
    let settings = read(&[
        ("LANGFUSE_HOST", "http://langfuse-web:3000"),
        ("LANGFUSE_PUBLIC_KEY", "pk-lf-1"),
        ("LANGFUSE_SECRET_KEY", "sk-lf-2"),
    ])
    .unwrap();
    let langfuse = settings.langfuse.unwrap();
    assert_eq!(
        (langfuse.host.as_str(), langfuse.url.as_str()),
        ("http://langfuse-web:3000/", "http://langfuse-web:3000/")
    );
    assert!(
        problem(&[("LANGFUSE_PUBLIC_KEY", "pk-lf-1")], "LANGFUSE_SECRET_KEY").contains("LANGFUSE_PUBLIC_KEY")
    );
    let swapped = problem(
        &[("LANGFUSE_PUBLIC_KEY", "sk-lf-2"), ("LANGFUSE_SECRET_KEY", "pk-lf-1")],
        "LANGFUSE_PUBLIC_KEY",
    );
    assert!(!swapped.contains("sk-lf-2"), "{swapped}");
}

#[test]
fn origins_are_normalised_and_a_star_or_a_path_is_refused() {
    let settings = read(&[("CORS_ORIGINS", "https://Example.org, http://localhost:5173/,")]).unwrap();
    assert_eq!(settings.http.cors_origins, ["https://example.org", "http://localhost:5173"]);
    for text in ["*", "https://example.org/x", "example.org", "https://u@example.org"] {
        problem(&[("CORS_ORIGINS", text)], "CORS_ORIGINS");
    }
}

#[test]
fn a_broken_store_address_is_a_mistake_and_never_the_default() {
    for text in [
        "data/x.db",
        "mysql://db",
        "sqlite://",
        "sqlite://dir/",
        "clickhouse://",
        "clickhouse://db/a b",
        "clickhouse://db?pasword=x",
        "postgres://db:0x",
        "http://db:8123",
    ] {
        problem(&[("STORAGE_URL", text)], "STORAGE_URL");
    }
}

#[test]
fn flag_wins_over_environment_over_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    std::fs::write(
        &file,
        "\u{feff}# comment\nDEMO=off\nCACHE_BUDGET_MS=20\nCACHE_BUDGET_MS=30\nROLE=\nUNRELATED=1\n",
    )
    .unwrap();
    let sources = Sources::empty().dotenv_file(&file).flag("DEMO", "on").flag("LOG_LEVEL", "");
    let settings = Settings::from_sources(&sources).unwrap();
    assert_eq!(settings.demo, Demo::On);
    assert_eq!(settings.cache.budget, Duration::from_millis(30));
    let origin = |name| settings.describe().iter().find(|row| row.variable == name).unwrap().origin;
    assert_eq!(origin("DEMO"), Origin::Flag);
    assert_eq!(origin("CACHE_BUDGET_MS"), Origin::DotEnv);
    assert_eq!(origin("ROLE"), Origin::Default);
    assert_eq!(origin("LOG_LEVEL"), Origin::Default);
}

/// The process environment cannot be set safely from within, so the test runs itself again as a child with one.
#[test]
fn environment_wins_over_file_in_the_current_folder() {
    const CHILD: &str = "SETTINGS_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let error = Settings::from_env().unwrap_err().to_string();
        assert_eq!(
            error,
            "1 setting cannot be used\n  OPENAI_MODEL is not valid UTF-8: write it again as plain text"
        );
        let settings = Settings::from_sources(&Sources::process().flag("OPENAI_MODEL", "m")).unwrap();
        assert_eq!((settings.demo, settings.logging.level), (Demo::On, LogLevel::Warn));
        assert!(std::env::var_os("LOG_LEVEL").is_none());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "DEMO=off\nLOG_LEVEL=warn\n").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment_wins_over_file_in_the_current_folder"])
        .current_dir(folder.path())
        .env_clear()
        .envs([(CHILD, "1"), ("DEMO", "on")])
        .env("OPENAI_MODEL", OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_flag_that_names_a_place_outweighs_what_is_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    std::fs::write(&file, "CLICKHOUSE_HOST=db\n").unwrap();
    let sources = Sources::empty().dotenv_file(&file).flag("STORAGE_URL", "sqlite://x.db");
    assert_eq!(Settings::from_sources(&sources).unwrap().storage.to_string(), "sqlite://x.db");
}

#[test]
fn an_absent_env_file_is_fine_and_a_broken_one_is_named_with_its_line_but_not_its_text() {
    let folder = tempfile::tempdir().unwrap();
    Settings::from_sources(&Sources::empty().dotenv_file(folder.path().join("absent"))).unwrap();

    let file = folder.path().join(".env");
    std::fs::write(&file, "ROLE=all\nREDIS_PASSWORD=hunter7 hunter7\n").unwrap();
    let error =
        Settings::from_sources(&Sources::empty().dotenv_file(&file).flag("HTTP_ADDR", "x")).unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
    let text = error.to_string();
    assert!(text.contains(".env is broken at line 2") && text.contains("HTTP_ADDR"), "{text}");
    assert!(!text.contains("hunter7"), "{text}");

    std::fs::write(&file, b"ROLE=\xff\n").unwrap();
    let error = Settings::from_sources(&Sources::empty().dotenv_file(&file)).unwrap_err().to_string();
    assert!(error.contains("UTF-8"), "{error}");
    let error = Settings::from_sources(&Sources::empty().dotenv_file(folder.path())).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn a_flag_of_no_setting_is_a_mistake() {
    let error = Settings::from_sources(&Sources::empty().flag("HTTP_ADRR", "127.0.0.1:1")).unwrap_err();
    assert!(error.to_string().contains("HTTP_ADRR"), "{error}");
}

#[test]
fn rows_mask_secrets_and_show_the_rest() {
    let settings =
        read(&[("REDIS_URL", "redis://:5f1d@cache"), ("TUSHARE_TOKEN", "abc7"), ("HTTP_WORKERS", "3")])
            .unwrap();
    let row = |name| settings.describe().iter().find(|row| row.variable == name).unwrap();
    assert_eq!(row("CACHE_URL").value, "redis://***@cache:6379/1");
    assert_eq!(row("TUSHARE_TOKEN").value, "***");
    assert_eq!((row("HTTP_WORKERS").value.as_str(), row("HTTP_WORKERS").origin), ("3", Origin::Environment));
    assert_eq!(
        (row("CACHE_TTL_QUOTE").value.as_str(), row("CACHE_TTL_QUOTE").origin),
        ("60", Origin::Default)
    );
}

#[test]
fn sources_have_addresses_of_their_own_and_coins_are_fetched_only_when_asked_for() {
    let settings = read(&[]).unwrap();
    let (tushare, coins) = (&settings.providers.tushare, &settings.providers.coins);
    assert_eq!((tushare.url.as_str(), tushare.calls_per_minute), ("https://api.tushare.pro", 200));
    assert_eq!((tushare.quotes, tushare.quotes_interval.as_secs()), (Live::On, 15));
    assert_eq!((coins.live, coins.binance_url.as_str()), (Live::Off, "https://data-api.binance.vision"));
    let given = [
        ("TUSHARE_URL", "http://localhost:9000/"),
        ("TUSHARE_CALLS_PER_MINUTE", "500"),
        ("QUOTES_LIVE", "off"),
        ("QUOTES_INTERVAL_S", "3"),
        ("COINS_LIVE", "on"),
        ("COINGECKO_API_KEY", "CG-7f3a"),
    ];
    let settings = read(&given).unwrap();
    let (tushare, coins) = (&settings.providers.tushare, &settings.providers.coins);
    assert_eq!((tushare.url.as_str(), tushare.calls_per_minute), ("http://localhost:9000", 500));
    assert_eq!((tushare.quotes, tushare.quotes_interval.as_secs()), (Live::Off, 3));
    assert_eq!(coins.live, Live::On);
    assert!(!format!("{settings:?}").contains("7f3a"));
    for (name, value) in [
        ("TUSHARE_URL", "api.tushare.pro"),
        ("TUSHARE_CALLS_PER_MINUTE", "0"),
        ("QUOTES_INTERVAL_S", "61"),
        ("COINS_LIVE", "yes"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
