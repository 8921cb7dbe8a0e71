//! Reads variables one by one, keeps a row for each and collects every mistake.

use secrecy::SecretString;

use crate::{Error, Origin, Problem, Result, Row, choice::Choice, secrets};

/// Gives the text of variables.
pub(crate) trait Lookup {
    fn find(&self, name: &str) -> Option<Found>;

    /// Names set by flags; one that no setting has is a mistake.
    fn flags(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What went wrong before the first variable was asked for.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
}

impl<F: Fn(&str) -> Option<String>> Lookup for F {
    fn find(&self, name: &str) -> Option<Found> {
        let text = self(name).filter(|text| !text.trim().is_empty())?;
        Some(Found { text: Some(text), origin: Origin::Environment })
    }
}

/// The text of a variable that is set, `None` when it is not valid Unicode.
pub(crate) struct Found {
    pub(crate) text: Option<String>,
    pub(crate) origin: Origin,
}

/// A value with the variable that gave it.
pub(crate) struct Named<T> {
    pub(crate) variable: &'static str,
    pub(crate) origin: Origin,
    pub(crate) value: T,
}

/// A place that two variables can name.
pub(crate) trait Place {
    /// The same text for the same place, without credentials.
    fn place(&self) -> String;
}

pub(crate) struct Reader<'a> {
    lookup: &'a dyn Lookup,
    rows: Vec<Row>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(lookup: &'a dyn Lookup) -> Self {
        Self { lookup, rows: Vec::new(), problems: lookup.problems(), warnings: Vec::new() }
    }

    /// Reads a variable that has a default; `parse` fails with what to write instead.
    ///
    /// A mistake is kept and the default returned, so that reading goes on to the next mistake.
    pub(crate) fn value<T>(
        &mut self,
        variable: &'static str,
        default: T,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&str) -> std::result::Result<T, String>,
    ) -> T {
        let given = self.optional(variable, &show, parse);
        given.map_or_else(
            || {
                self.show(variable, show(&default), Origin::Default);
                default
            },
            |given| given.value,
        )
    }

    /// Reads a variable without default; `parse` fails with what to write instead.
    pub(crate) fn optional<T>(
        &mut self,
        variable: &'static str,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&str) -> std::result::Result<T, String>,
    ) -> Option<Named<T>> {
        let (text, origin) = self.text(variable)?;
        match parse(text.trim()) {
            Ok(value) => {
                self.show(variable, show(&value), origin);
                Some(Named { variable, origin, value })
            }
            Err(advice) => {
                self.problem(variable, format!("is {}: {advice}", secrets::shown(text.trim())));
                None
            }
        }
    }

    /// Reads a variable that takes one of a few words.
    pub(crate) fn choice<T: Choice>(&mut self, variable: &'static str, default: T) -> T {
        self.value(variable, default, |value| value.word().to_owned(), T::parse)
    }

    /// Reads a secret; its text is taken as it stands and never shown.
    pub(crate) fn secret(&mut self, variable: &'static str) -> Option<SecretString> {
        let (text, origin) = self.text(variable)?;
        self.show(variable, secrets::MASK.to_owned(), origin);
        if let Err(advice) = secrets::check(&text) {
            self.problem(variable, advice);
        }
        Some(text.into())
    }

    /// Of several variables that name the same kind of place, the first; different places are a mistake.
    ///
    /// A flag is somebody's word for this one start, so what is not a flag does not contradict it.
    pub(crate) fn agreed<T: Place>(&mut self, named: Vec<Named<T>>) -> Option<Named<T>> {
        let flag = named.iter().any(|one| one.origin == Origin::Flag);
        let mut named = named.into_iter().filter(|one| !flag || one.origin == Origin::Flag);
        let first = named.next()?;
        for other in named {
            if other.value.place() != first.value.place() {
                let message = format!(
                    "names {} but {} names {}: keep one of the two",
                    first.value.place(),
                    other.variable,
                    other.value.place()
                );
                self.problem(first.variable, message);
            }
        }
        Some(first)
    }

    /// Notes the value in force of `variable`; a second note replaces the first.
    pub(crate) fn show(&mut self, variable: &'static str, value: String, origin: Origin) {
        match self.rows.iter_mut().find(|row| row.variable == variable) {
            Some(row) => *row = Row { variable, value, origin },
            None => self.rows.push(Row { variable, value, origin }),
        }
    }

    /// Notes a derived value for a variable that is not set.
    pub(crate) fn show_default(&mut self, variable: &'static str, value: String) {
        if self.rows.iter().any(|row| row.variable == variable && row.origin == Origin::Default) {
            self.show(variable, value, Origin::Default);
        }
    }

    pub(crate) fn problem(&mut self, variable: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { variable: variable.to_owned(), message: message.into() });
    }

    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// The rows and warnings, or every mistake.
    pub(crate) fn finish(mut self) -> Result<(Vec<Row>, Vec<String>)> {
        for name in self.lookup.flags() {
            if !self.rows.iter().any(|row| row.variable == name) {
                let message = "is no setting: see .env.docker for the list".to_owned();
                self.problems.push(Problem { variable: secrets::shown(name), message });
            }
        }
        if self.problems.is_empty() {
            Ok((self.rows, self.warnings))
        } else {
            Err(Error::Invalid(self.problems))
        }
    }

    /// The text of `variable` when it is set; every variable asked for gets a row.
    fn text(&mut self, variable: &'static str) -> Option<(String, Origin)> {
        self.show(variable, String::new(), Origin::Default);
        let found = self.lookup.find(variable)?;
        if found.text.is_none() {
            self.problem(variable, "is not valid UTF-8: write it again as plain text");
        }
        Some((found.text?, found.origin))
    }
}
