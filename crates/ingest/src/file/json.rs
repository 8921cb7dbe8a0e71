//! A JSON array of objects to records, one object at a time.

use std::{
    io::{BufRead, Read as _},
    path::Path,
};

use serde::{Deserialize as _, de::Error as _};
use serde_json::{Map, Value};

use super::{
    batches::{Batches, Wanted},
    records::Record,
};
use crate::{Error, Result};

/// Bytes an object may have, so that a file of one endless object fills no memory.
const OBJECT_LIMIT: u64 = 1024 * 1024;

type Object = Map<String, Value>;

/// A value as a CSV file would have it; null is an empty field.
pub(super) fn push(text: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => text.push(if *flag { b'1' } else { b'0' }),
        Value::String(value) => text.extend_from_slice(value.as_bytes()),
        value => text.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// An array whose first object was read.
pub(super) struct Json {
    text: Box<dyn BufRead + Send>,
    /// Objects taken so far.
    taken: u64,
    first: Option<Object>,
    /// Names of the first object's values, as written.
    names: Vec<String>,
}

impl Json {
    /// Reads the first object: its names are the columns, in lower case.
    pub(super) fn start(path: &Path, text: Box<dyn BufRead + Send>) -> Result<(Self, Vec<String>)> {
        let mut json = Self { text, taken: 0, first: None, names: Vec::new() };
        json.open_array(path)?;
        json.first = json.next(path)?;
        json.names = json.first.iter().flat_map(Map::keys).cloned().collect();
        let columns = json.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok((json, columns))
    }

    pub(super) fn run(mut self, path: &Path, batches: &mut Batches<'_>) -> Result<Wanted> {
        let (mut text, mut bounds) = (Vec::new(), Vec::new());
        let mut next = self.first.take();
        while let Some(object) = next {
            text.clear();
            bounds.clear();
            for name in &self.names {
                let start = text.len();
                push(&mut text, object.get(name).unwrap_or(&Value::Null));
                bounds.push((start, text.len()));
            }
            let raw = Value::Object(object).to_string();
            let record = Record::new(&text, &bounds, raw.as_bytes());
            if batches.record(self.taken, &record)? == Wanted::Nothing {
                return Ok(Wanted::Nothing);
            }
            next = self.next(path)?;
        }
        Ok(Wanted::More)
    }

    /// The next object of the array, or `None` at its end.
    fn next(&mut self, path: &Path) -> Result<Option<Object>> {
        loop {
            match self.peek(path)? {
                Some(b'{') => break,
                Some(b',') if self.taken > 0 => self.text.consume(1),
                Some(b']') => {
                    self.text.consume(1);
                    return match self.peek(path)? {
                        None => Ok(None),
                        Some(_) => Err(self.error(path, "something stands behind the array")),
                    };
                }
                Some(_) => return Err(self.error(path, "an object was expected")),
                None => return Err(self.error(path, "the array has no end")),
            }
        }
        let mut object = (&mut self.text).take(OBJECT_LIMIT);
        // It stops at the closing brace and takes no byte behind it.
        let read = Object::deserialize(&mut serde_json::Deserializer::from_reader(&mut object));
        match read {
            Ok(object) => {
                self.taken += 1;
                Ok(Some(object))
            }
            Err(error) if error.is_io() => {
                Err(Error::Damaged { path: path.to_owned(), line: self.taken, source: error.into() })
            }
            Err(source) => Err(Error::Json { path: path.to_owned(), object: self.taken + 1, source }),
        }
    }

    /// The next byte that is no space, left where it is.
    fn peek(&mut self, path: &Path) -> Result<Option<u8>> {
        loop {
            let line = self.taken;
            let available = self.text.fill_buf().map_err(|source| Error::Damaged {
                path: path.to_owned(),
                line,
                source,
            })?;
            if available.is_empty() {
                return Ok(None);
            }
            let spaces = available.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let byte = available.get(spaces).copied();
            self.text.consume(spaces);
            if byte.is_some() {
                return Ok(byte);
            }
        }
    }

    /// Takes the bracket that opens the array.
    fn open_array(&mut self, path: &Path) -> Result<()> {
        match self.peek(path)? {
            Some(b'[') => {
                self.text.consume(1);
                Ok(())
            }
            _ => Err(self.error(path, "an array was expected")),
        }
    }

    fn error(&self, path: &Path, what: &str) -> Error {
        let source = serde_json::Error::custom(what);
        Error::Json { path: path.to_owned(), object: self.taken + 1, source }
    }
}
