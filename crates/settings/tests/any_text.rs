//! Any text in any variable: no panic, and no secret in what is printed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::HashMap, sync::LazyLock};

use proptest::prelude::*;
use stockpile_settings::{Settings, Sources};

/// Part of every secret below; whatever is printed must not hold it.
const MARK: &str = "hunter7";

static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    Settings::from_lookup(|_| None).unwrap().describe().iter().map(|row| row.variable).collect()
});

const SECRETS: [&str; 7] = [
    "CLICKHOUSE_PASSWORD",
    "REDIS_PASSWORD",
    "LANGFUSE_PUBLIC_KEY",
    "LANGFUSE_SECRET_KEY",
    "TUSHARE_TOKEN",
    "COINGECKO_API_KEY",
    "OPENAI_API_KEY",
];

const ADDRESSES: [&str; 11] = [
    "STORAGE_URL",
    "DATABASE_URL",
    "CACHE_URL",
    "REDIS_URL",
    "LANGFUSE_HOST",
    "LANGFUSE_URL",
    "OPENAI_BASE_URL",
    "TUSHARE_URL",
    "COINGECKO_URL",
    "BINANCE_URL",
    "CORS_ORIGINS",
];

fn printed(map: &HashMap<&str, String>) -> String {
    match Settings::from_lookup(|name| map.get(name).cloned()) {
        Ok(settings) => {
            let rows = settings.describe();
            format!("{settings:?} {settings:#?} {rows:?} {} {}", settings.storage, settings.cache.url)
        }
        Err(error) => format!("{error} {error:?} {error:#?}"),
    }
}

fn address() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "redis",
        "rediss",
        "clickhouse",
        "postgres",
        "postgresql",
        "http",
        "https",
        "memory",
        "mysql",
        "",
    ]);
    let secret = "[!-~ü]{0,6}".prop_map(|noise| format!("{noise}{MARK}"));
    let host = prop::sample::select(vec!["localhost", "db:8123", "[::1]:1", "", "a b", "db:99999", "db:x"]);
    let path = prop::sample::select(vec!["", "/", "/1", "/stock_data", "/a b", "/1/2"]);
    (scheme, "[a-z]{0,3}", secret, host, path, 0..3_u8).prop_map(
        |(scheme, user, secret, host, path, place)| match place {
            0 => format!("{scheme}://{user}:{secret}@{host}{path}"),
            1 => format!("{scheme}://{host}{path}?password={secret}"),
            _ => format!("{scheme}://{host}{path}?x=1&y={secret}#z"),
        },
    )
}

proptest! {
    #[test]
    fn any_text_is_settings_or_mistakes_that_name_a_variable(
        texts in prop::collection::hash_map(prop::sample::select(NAMES.clone()), any::<String>(), 0..12),
    ) {
        if let Err(error) = Settings::from_lookup(|name| texts.get(name).cloned()) {
            prop_assert!(!error.problems().is_empty());
            for problem in error.problems() {
                prop_assert!(NAMES.contains(&problem.variable.as_str()), "{}", problem.variable);
                prop_assert!(!problem.to_string().contains('\n'));
            }
        }
    }

    #[test]
    fn no_secret_is_printed(
        secrets in prop::collection::hash_map(prop::sample::select(SECRETS.to_vec()), "\\PC{0,8}", 0..6),
        addresses in prop::collection::hash_map(prop::sample::select(ADDRESSES.to_vec()), address(), 0..3),
        others in prop::collection::hash_map(prop::sample::select(NAMES.clone()), "[0-9a-z]{0,5}", 0..4),
    ) {
        let mut map: HashMap<&str, String> = others;
        map.extend(secrets.into_iter().map(|(name, text)| (name, format!("{text}{MARK}"))));
        map.extend(addresses);
        let printed = printed(&map);
        prop_assert!(!printed.contains(MARK), "{map:?} printed {printed}");
    }

    #[test]
    fn any_env_file_is_read_or_refused_without_printing_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        let mut content = bytes;
        content.extend_from_slice(format!("\nREDIS_PASSWORD={MARK} {MARK}\n").as_bytes());
        std::fs::write(&file, content).unwrap();
        let sources = Sources::empty().dotenv_file(&file);
        let printed = format!("{sources:?} {:?}", Settings::from_sources(&sources));
        prop_assert!(!printed.contains(MARK), "{printed}");
    }
}
