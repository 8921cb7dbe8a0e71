//! The settings as rows for people.

use std::fmt;

/// Where the value of a variable came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// Nothing was set: the built-in default, or a value derived from other variables.
    Default,
    /// The `.env` file.
    DotEnv,
    /// The process environment.
    Environment,
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::DotEnv => ".env",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// One variable with the value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Name of the variable.
    pub variable: &'static str,
    /// The value in force with secrets masked; empty when there is none.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
}
