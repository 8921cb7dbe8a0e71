//! Keys as a person writes and reads them.

use anyhow::Result;
use stockpile_cache::{Namespace, RawKey};

use crate::exit::Usage;

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Owner {
    /// An entry's: it has a kind.
    Entry,
    /// The cache's own, for its counters.
    Own,
    /// Another program's: no server writes such a key.
    Foreign,
}

/// Says whose a stored key is, and its kind when it is an entry's.
pub(super) fn sort(namespace: &Namespace, key: &[u8]) -> (Owner, Option<String>) {
    match std::str::from_utf8(key).ok().and_then(|key| namespace.split(key)) {
        None => (Owner::Foreign, None),
        Some((kind, _)) if kind.is_empty() => (Owner::Own, None),
        Some((kind, _)) => (Owner::Entry, Some(kind.into_owned())),
    }
}

/// Reads a key that may or may not start with the namespace.
pub(super) fn read(namespace: &Namespace, text: &str) -> Result<RawKey> {
    let rest = text.strip_prefix(namespace.prefix()).unwrap_or(text);
    let whole = format!("{}{rest}", namespace.prefix());
    match RawKey::stored(namespace, &whole) {
        Some(key) if !rest.is_empty() => Ok(key),
        _ => {
            Err(Usage("a key must not be empty; `stockpile cache list` shows what there is".to_owned())
                .into())
        }
    }
}

/// A stored key that a terminal can show: a backslash and whatever is no text or would act on a terminal are escaped.
pub(super) fn show(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) => text
            .chars()
            .flat_map(|letter| {
                let quote = matches!(letter, '"' | '\'');
                let escaped = (!quote).then(|| letter.escape_debug());
                quote.then_some(letter).into_iter().chain(escaped.into_iter().flatten())
            })
            .collect(),
        Err(_) => key.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace() -> Namespace {
        Namespace::new("stock:").unwrap()
    }

    #[test]
    fn a_key_is_the_same_with_and_without_its_prefix() {
        for text in ["quote:1", "stock:quote:1"] {
            assert_eq!(read(&namespace(), text).unwrap().as_str(), "stock:quote:1");
        }
        assert_eq!(read(&namespace(), "other:quote:1").unwrap().as_str(), "stock:other:quote:1");
        assert!(read(&namespace(), "stock:").is_err());
    }

    #[test]
    fn owner_is_told_by_the_kind() {
        let sort = |key: &[u8]| sort(&namespace(), key);
        assert_eq!(sort(b"stock:quote:1"), (Owner::Entry, Some("quote".to_owned())));
        assert_eq!(sort(b"stock::generation:00").0, Owner::Own);
        assert_eq!(sort(b"stock:plain").0, Owner::Foreign);
        assert_eq!(sort(b"stock:quote:\xff").0, Owner::Foreign);
    }

    #[test]
    fn shown_keys_are_readable_and_act_on_no_terminal() {
        assert_eq!(show("search:茅台 \"x\"".as_bytes()), "search:茅台 \"x\"");
        assert_eq!(show(b"a\x1b[31m\\"), r"a\u{1b}[31m\\");
        assert_eq!(show(b"a\xff"), r"a\xff");
    }
}
