use crate::{Error, Namespace, Result};

/// Which keys of one namespace to delete, in the glob language of Redis.
///
/// `*` is any run of bytes, `?` one byte, `[abc]`, `[a-f]` and `[^a]` one of a set; `\` takes the next byte as it
/// is. It is matched against `kind:key`. The namespace is put in front here, with its own special bytes escaped,
/// so a pattern never reaches outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    glob: String,
    prefix_len: usize,
}

/// How far one deletion by pattern may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanLimit {
    /// Most keys to delete; what is left makes the answer incomplete.
    pub keys: u64,
}

impl Default for ScanLimit {
    fn default() -> Self {
        Self { keys: 1_000_000 }
    }
}

impl ScanLimit {
    /// Limits a deletion to this many keys.
    #[must_use]
    pub const fn keys(keys: u64) -> Self {
        Self { keys }
    }
}

impl Pattern {
    /// Reads a pattern such as `quote:6*`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the pattern is empty, has an unclosed `[`, or ends in a lone `\`.
    pub fn new(namespace: &Namespace, glob: &str) -> Result<Self> {
        if glob.is_empty() {
            return Err(Error::Setting {
                setting: "pattern",
                reason: "must not be empty; `*` is everything",
            });
        }
        if !is_whole(glob.as_bytes()) {
            return Err(Error::Setting {
                setting: "pattern",
                reason: "has an unclosed `[` or ends in a lone `\\`",
            });
        }
        let mut text = String::new();
        for letter in namespace.prefix().chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
                text.push('\\');
            }
            text.push(letter);
        }
        let prefix_len = text.len();
        text.push_str(glob);
        Ok(Self { glob: text, prefix_len })
    }

    /// Returns every key of the namespace.
    #[must_use]
    pub fn everything(namespace: &Namespace) -> Self {
        // `*` is never empty and always whole.
        Self::new(namespace, "*").unwrap_or_else(|_| Self { glob: String::new(), prefix_len: 0 })
    }

    /// Returns the glob with its escaped namespace, as Redis takes it.
    #[must_use]
    pub fn as_glob(&self) -> &str {
        &self.glob
    }

    /// Returns the glob as it was given, without the namespace.
    pub(crate) fn as_typed(&self) -> &str {
        &self.glob[self.prefix_len..]
    }

    /// Returns true when every key of the namespace matches.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.as_typed() == "*"
    }

    /// Returns true when `key`, namespace included, matches.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        matches(self.glob.as_bytes(), key.as_bytes())
    }
}

fn is_whole(mut glob: &[u8]) -> bool {
    while let Some((_, rest)) = glob.split_first() {
        match step(glob) {
            Some(Token { rest, .. }) => glob = rest,
            None if glob[0] == b'*' => glob = rest,
            None => return false,
        }
    }
    true
}

/// One byte's worth of a pattern.
struct Token<'a> {
    test: Test<'a>,
    rest: &'a [u8],
}

enum Test<'a> {
    Any,
    Byte(u8),
    Set { negated: bool, members: &'a [u8] },
}

/// Splits off the first token; `None` for a star, an unclosed set, or nothing.
fn step(glob: &[u8]) -> Option<Token<'_>> {
    match glob {
        [b'?', rest @ ..] => Some(Token { test: Test::Any, rest }),
        [b'\\', byte, rest @ ..] => Some(Token { test: Test::Byte(*byte), rest }),
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            let (negated, members) = match &rest[..end] {
                [b'^', members @ ..] => (true, members),
                members => (false, members),
            };
            Some(Token { test: Test::Set { negated, members }, rest: &rest[end + 1..] })
        }
        [b'*' | b'\\', ..] | [] => None,
        [byte, rest @ ..] => Some(Token { test: Test::Byte(*byte), rest }),
    }
}

impl Test<'_> {
    fn accepts(&self, byte: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Byte(wanted) => *wanted == byte,
            Self::Set { negated, members } => is_member(members, byte) != *negated,
        }
    }
}

fn is_member(mut members: &[u8], byte: u8) -> bool {
    loop {
        members = match members {
            [from, b'-', to, rest @ ..] => {
                if (*from.min(to)..=*from.max(to)).contains(&byte) {
                    return true;
                }
                rest
            }
            [one, rest @ ..] => {
                if *one == byte {
                    return true;
                }
                rest
            }
            [] => return false,
        }
    }
}

/// Goes back only to the last star, so the time is bounded by the product of the two lengths.
fn matches(mut glob: &[u8], mut text: &[u8]) -> bool {
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = glob {
            glob = rest;
            retry = Some((rest, text));
            continue;
        }
        match (step(glob), text) {
            (None, []) if glob.is_empty() => return true,
            (Some(token), [byte, left @ ..]) if token.test.accepts(*byte) => {
                glob = token.rest;
                text = left;
            }
            _ => match retry {
                Some((after_star, [_, left @ ..])) => {
                    glob = after_star;
                    text = left;
                    retry = Some((after_star, left));
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(glob: &str, key: &str) -> bool {
        Pattern::new(&Namespace::new("stock:").unwrap(), glob).unwrap().matches(&format!("stock:{key}"))
    }

    #[test]
    fn patterns_read_as_redis_reads_them() {
        for (glob, key, expected) in [
            ("*", "quote:1", true),
            ("quote:*", "quote:", true),
            ("quote:*", "daily:quote:1", false),
            ("quote:6*.SH", "quote:600519.SH", true),
            ("quote:6*.SH", "quote:600519.SZ", false),
            ("q?ote:1", "quote:1", true),
            ("q?ote:1", "qote:1", false),
            ("quote:[0-36]", "quote:2", true),
            ("quote:[0-36]", "quote:6", true),
            ("quote:[0-36]", "quote:5", false),
            ("quote:[^1]", "quote:1", false),
            ("quote:\\*", "quote:*", true),
            ("quote:\\*", "quote:1", false),
            ("*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaac", false),
        ] {
            assert_eq!(hit(glob, key), expected, "{glob} on {key}");
        }
    }

    #[test]
    fn special_bytes_of_the_namespace_are_taken_as_they_are() {
        let pattern = Pattern::new(&Namespace::new("s*[a]").unwrap(), "*").unwrap();
        assert_eq!(pattern.as_glob(), "s\\*\\[a\\]:*");
        assert!(pattern.matches("s*[a]:quote:1"));
        assert!(!pattern.matches("stock:quote:1"));
    }

    #[test]
    fn unfinished_pattern_is_an_error() {
        let namespace = Namespace::new("stock").unwrap();
        for glob in ["", "quote:[ab", "quote:\\"] {
            assert!(Pattern::new(&namespace, glob).is_err(), "{glob}");
        }
    }
}
