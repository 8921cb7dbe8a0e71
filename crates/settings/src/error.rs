//! What is wrong with the settings.

use std::fmt;

/// Why no settings could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Variables whose values cannot be used, all of them; the message has a line for each.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl Error {
    /// Every mistake found, in the order of the variables.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        let Self::Invalid(problems) = self;
        problems
    }
}

/// The result of reading settings.
pub type Result<T> = std::result::Result<T, Error>;

/// One mistake: a variable, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Name of the variable, or `.env` for the file itself.
    pub variable: String,
    /// What is wrong and what to write; never holds a secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.message)
    }
}

fn lines(problems: &[Problem]) -> String {
    let mut text = match problems.len() {
        1 => "1 setting cannot be used".to_owned(),
        many => format!("{many} settings cannot be used"),
    };
    for problem in problems {
        text.push_str("\n  ");
        text.push_str(&problem.to_string());
    }
    text
}
