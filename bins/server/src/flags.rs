//! A flag for every setting, so that both have one list.

use clap::{Arg, Command};
use stockpile_settings::{Settings, Sources};

/// Reads the command line into the strongest layer of settings; ends the process for `--help` and mistakes.
#[must_use]
pub fn read(sources: Sources) -> Sources {
    let matches = command().get_matches();
    variables().into_iter().fold(sources, |sources, variable| match matches.get_one::<String>(variable) {
        Some(value) => sources.flag(variable, value.as_str()),
        None => sources,
    })
}

fn command() -> Command {
    Command::new("stockpile-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Serves market data over HTTP")
        .after_help(
            "Each flag stands for the variable of the same name, such as HTTP_ADDR; .env.docker explains them. Secrets \
             have no flag, since every user of the machine can see a command line.",
        )
        .args(variables().into_iter().map(|variable| {
            Arg::new(variable).long(variable.to_lowercase().replace('_', "-")).value_name("VALUE")
        }))
}

/// Every variable that is no secret.
fn variables() -> Vec<&'static str> {
    let is_secret =
        |name: &str| ["PASSWORD", "SECRET", "TOKEN", "API_KEY"].iter().any(|word| name.contains(word));
    let defaults = Settings::from_lookup(|_| None);
    let rows = defaults.as_ref().map(Settings::describe).unwrap_or_default();
    rows.iter().map(|row| row.variable).filter(|variable| !is_secret(variable)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_but_secrets_has_a_flag() {
        command().debug_assert();
        let variables = variables();
        assert!(variables.contains(&"HTTP_ADDR") && variables.contains(&"STORAGE_URL"));
        assert!(!variables.contains(&"REDIS_PASSWORD") && !variables.contains(&"TUSHARE_TOKEN"));
    }
}
