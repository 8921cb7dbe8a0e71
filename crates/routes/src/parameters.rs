//! Query parameters: each known, each once, each checked, all mistakes told at once.

use std::{borrow::Cow, ops::RangeInclusive, str::FromStr};

use stockpile_market::TradeDate;
use url::form_urlencoded;

use crate::problem::{InvalidParameter, Problem};

/// Mistakes told at once: an answer is not to be much longer than its question.
const MAX_ERRORS: usize = 16;

/// The query of a request, read parameter by parameter.
pub(crate) struct Parameters<'a> {
    values: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    errors: Vec<InvalidParameter>,
}

impl<'a> Parameters<'a> {
    /// Takes a query apart; anything but the `known` parameters, each once, is a mistake.
    pub(crate) fn new(query: &'a str, known: &[&str]) -> Self {
        let mut parameters = Self { values: Vec::new(), errors: Vec::new() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let message = if parameters.errors.len() >= MAX_ERRORS {
                    String::new()
                } else if known.is_empty() {
                    "unknown; this route has no parameters".to_owned()
                } else {
                    format!("unknown; this route has {}", known.join(", "))
                };
                parameters.refuse(&name, message);
            } else if parameters.values.iter().any(|(seen, _)| *seen == name) {
                parameters.refuse(&name, "given twice".to_owned());
            } else {
                parameters.values.push((name, value));
            }
        }
        parameters
    }

    /// A date, `YYYYMMDD` or `YYYY-MM-DD`.
    pub(crate) fn date(&mut self, name: &str) -> Option<TradeDate> {
        self.read(name, |value| {
            value.parse().map_err(|_| "not a date; write YYYYMMDD or YYYY-MM-DD".to_owned())
        })
    }

    /// A whole number within bounds.
    pub(crate) fn number(&mut self, name: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        self.read(name, |value| {
            // `u32` would read "+5" too.
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            value
                .parse()
                .ok()
                .filter(|number| digits && bounds.contains(number))
                .ok_or_else(|| format!("not a whole number from {} to {}", bounds.start(), bounds.end()))
        })
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.read(name, |value| {
            choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice).ok_or_else(|| {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                format!("not one of {}", words.join(", "))
            })
        })
    }

    /// Text of 1 to `most` characters that are not all spaces.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Option<String> {
        self.read(name, |value| {
            let fits = (1..=most).contains(&value.chars().count()) && !value.trim().is_empty();
            fits.then(|| value.to_owned()).ok_or_else(|| format!("not a text of 1 to {most} characters"))
        })
    }

    /// A value with a form of its own.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, otherwise: &str) -> Option<T> {
        self.read(name, |value| value.parse().map_err(|_| otherwise.to_owned()))
    }

    /// 1 to `most` values with commas between them.
    pub(crate) fn list<T: FromStr>(&mut self, name: &str, most: usize, what: &str) -> Option<Vec<T>> {
        self.read(name, |value| {
            let values: Option<Vec<T>> =
                value.split(',').take(most + 1).map(|one| one.parse().ok()).collect();
            let values = values.filter(|values| values.len() <= most);
            values.ok_or_else(|| format!("not a list of 1 to {most} {what}, with commas between them"))
        })
    }

    /// Adds a mistake, unless the parameter is given.
    pub(crate) fn require(&mut self, name: &str) {
        if !self.is_given(name) {
            self.refuse(name, "missing");
        }
    }

    /// Whether the query has the parameter, right or wrong.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.values.iter().any(|(given, _)| given == name)
    }

    /// Adds a mistake that no single parameter shows.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        // A name may be as long as a query; its start is enough to find it.
        let parameter: String = name.chars().take(64).collect();
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(InvalidParameter { parameter, message: message.into() });
        }
    }

    /// Ends the reading, with every mistake if there is one.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::InvalidParameters(self.errors)) }
    }

    fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let position = self.values.iter().position(|(given, _)| given == name)?;
        match read(&self.values[position].1) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(name, message);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(query: &str) -> Vec<(String, String)> {
        let mut parameters = Parameters::new(query, &["date", "limit", "sort_by"]);
        parameters.date("date");
        parameters.number("limit", 1..=50);
        parameters.choice("sort_by", &[("amount", 0), ("pct_chg", 1)]);
        match parameters.finish() {
            Ok(()) => Vec::new(),
            Err(Problem::InvalidParameters(errors)) => {
                errors.into_iter().map(|error| (error.parameter, error.message)).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let names: Vec<String> = messages("date=20251340&limit=51&sort_by=name&lmit=5&date=20250205")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["lmit", "date", "date", "limit", "sort_by"]);
    }

    #[test]
    fn bounds_are_part_of_the_range() {
        for limit in ["1", "50", "007"] {
            assert_eq!(messages(&format!("limit={limit}")), [], "{limit}");
        }
        for limit in ["0", "51", "abc", "", "-1", "+5", "1.0", "99999999999", "%FF"] {
            assert_eq!(
                messages(&format!("limit={limit}")),
                [("limit".into(), "not a whole number from 1 to 50".into())],
                "{limit}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused_without_panic(query in ".{0,200}") {
            messages(&query);
        }
    }
}
