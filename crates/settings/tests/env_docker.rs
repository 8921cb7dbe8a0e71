//! `.env.docker` and the settings are the same list.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::HashMap, path::Path};

use stockpile_settings::{Row, Settings};

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.docker");
    std::fs::read_to_string(path).unwrap()
}

fn variables(text: &str) -> Vec<(String, String)> {
    dotenvy::from_read_iter(text.as_bytes()).map(Result::unwrap).collect()
}

fn defaults() -> Vec<Row> {
    Settings::from_lookup(|_| None).unwrap().describe().to_vec()
}

#[test]
fn the_file_names_every_variable_once_and_no_other() {
    let mut in_file: Vec<String> = variables(&text()).into_iter().map(|(name, _)| name).collect();
    let mut known: Vec<String> = defaults().into_iter().map(|row| row.variable.to_owned()).collect();
    in_file.sort();
    known.sort();
    assert_eq!(in_file, known);
}

#[test]
fn the_file_fed_through_settings_gives_the_defaults_without_a_warning() {
    let given: HashMap<String, String> = variables(&text()).into_iter().collect();
    let settings = Settings::from_lookup(|name| given.get(name).cloned()).unwrap();
    let values = |rows: &[Row]| rows.iter().map(|row| (row.variable, row.value.clone())).collect::<Vec<_>>();
    assert_eq!(values(settings.describe()), values(&defaults()));
    assert_eq!(settings.warnings, [""; 0]);
}

#[test]
fn the_comment_above_a_variable_tells_its_default() {
    let defaults: HashMap<&str, String> =
        defaults().into_iter().map(|row| (row.variable, row.value)).collect();
    let mut comment = String::new();
    for line in text().lines() {
        if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let (_, told) =
                comment.split_once("Default ").unwrap_or_else(|| panic!("{name}: no default told"));
            let default = match (name, defaults[name].as_str()) {
                ("LANGFUSE_URL", _) => "LANGFUSE_HOST",
                (_, "") => "none",
                (_, value) => value,
            };
            assert!(told.contains(default), "{name}: the comment tells `{told}`, the default is `{default}`");
            comment.clear();
        } else {
            comment.push_str(line);
        }
    }
}

#[test]
fn the_file_holds_no_secret() {
    for (name, value) in variables(&text()) {
        let secret = ["PASSWORD", "KEY", "TOKEN"].iter().any(|word| name.ends_with(word));
        assert!(!secret || value.is_empty(), "{name} has a value");
    }
}
