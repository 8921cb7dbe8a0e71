//! The layers that feed the settings: flags over the process environment over a `.env` file.

use std::{collections::HashMap, env, fmt, fs, io, path::Path};

use crate::{Origin, Problem, reader::Found, reader::Lookup};

/// Flags, environment and `.env` file, strongest first.
///
/// ```
/// use stockpile_settings::{Settings, Sources};
///
/// let sources = Sources::empty().flag("HTTP_ADDR", "127.0.0.1:0");
/// assert_eq!(Settings::from_sources(&sources)?.http.addr.port(), 0);
/// # Ok::<(), stockpile_settings::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Sources {
    flags: HashMap<String, String>,
    environment: bool,
    dotenv: HashMap<String, String>,
    problems: Vec<Problem>,
}

impl Sources {
    /// No layer at all: every setting has its default.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The process environment over `.env` in the current folder, when there is one.
    #[must_use]
    pub fn process() -> Self {
        Self { environment: true, ..Self::default() }.dotenv_file(".env")
    }

    /// Lets `value` win over every other layer for the variable `name`; an empty value sets nothing.
    #[must_use]
    pub fn flag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.flags.insert(name.into(), value.into());
        self
    }

    /// Adds the variables of a `.env` file below the environment; a file that is absent adds none.
    ///
    /// The process environment is left as it is. A name given twice has its last value, as with Docker Compose.
    /// What cannot be read is reported together with every other mistake.
    #[must_use]
    pub fn dotenv_file(mut self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match fs::read(path) {
            Ok(bytes) => {
                if let Err(message) = self.add_dotenv(&bytes) {
                    self.report(path, message);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.report(path, format!("cannot be read ({error}); mend or remove it")),
        }
        self
    }

    fn add_dotenv(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as UTF-8".to_owned())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for pair in dotenvy::from_read_iter(text.as_bytes()) {
            // dotenvy's message quotes the line, which may hold a password: only its number is told.
            let (name, value) = pair.map_err(|error| match error {
                dotenvy::Error::LineParse(line, _) => {
                    let start = line.lines().next().unwrap_or_default();
                    let number = text.lines().position(|candidate| candidate.contains(start)).unwrap_or_default() + 1;
                    format!("is broken at line {number}; write NAME=value, in single quotes if it holds spaces, # or $")
                }
                _ => "cannot be parsed; write one NAME=value a line".to_owned(),
            })?;
            self.dotenv.insert(name, value);
        }
        Ok(())
    }

    fn report(&mut self, path: &Path, message: String) {
        self.problems.push(Problem { variable: path.display().to_string(), message });
    }
}

impl Lookup for Sources {
    fn find(&self, name: &str) -> Option<Found> {
        let full = |text: &String| !text.trim().is_empty();
        if let Some(text) = self.flags.get(name).filter(|text| full(text)) {
            return Some(Found { text: Some(text.clone()), origin: Origin::Flag });
        }
        if let Some(value) =
            self.environment.then(|| env::var_os(name)).flatten().filter(|value| !value.is_empty())
        {
            let text = value.into_string().ok();
            if text.as_ref().is_none_or(full) {
                return Some(Found { text, origin: Origin::Environment });
            }
        }
        let text = self.dotenv.get(name).filter(|text| full(text))?;
        Some(Found { text: Some(text.clone()), origin: Origin::DotEnv })
    }

    fn flags(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.flags.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    fn problems(&self) -> Vec<Problem> {
        self.problems.clone()
    }
}

// Values may be secrets, so only the names are shown.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("flags", &self.flags.keys())
            .field("environment", &self.environment)
            .field("dotenv", &self.dotenv.keys())
            .field("problems", &self.problems)
            .finish()
    }
}
