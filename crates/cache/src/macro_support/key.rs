//! Keys out of arguments: distinct ones give distinct keys, and common ones stay readable.
//!
//! A value never holds a `:`, as it and `%` are percent-escaped, and the macro demands a `:` between two values. In a
//! list `,` is escaped as well. `%-` stands for nothing: `None`, or an empty list.

use std::fmt::{self, Display, Write};

const NOTHING: &str = "%-";

/// A key in the making.
#[derive(Debug, Default)]
pub struct Key(String);

impl Key {
    /// Starts with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds text of the template.
    pub fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Adds a value.
    pub fn part<By, T: KeyPart<By> + ?Sized>(&mut self, value: &T) {
        value.write(self);
    }

    /// Adds a value as it prints, for a tag.
    pub fn plain(&mut self, value: &dyn Display) {
        let _ = write!(self.0, "{value}");
    }

    /// Gives the key.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }

    fn escaped(&mut self, value: &dyn Display, special: &'static [char]) {
        // The key never refuses; a `Display` that does breaks its own contract.
        let _ = write!(Escape { key: &mut self.0, special }, "{value}");
    }
}

struct Escape<'a> {
    key: &'a mut String,
    special: &'static [char],
}

impl Write for Escape<'_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while let Some(at) = text.find(self.special) {
            let (before, rest) = text.split_at(at);
            self.key.push_str(before);
            // All of them are one byte.
            let (char, rest) = rest.split_at(1);
            self.key.push_str(match char {
                ":" => "%3A",
                "," => "%2C",
                _ => "%25",
            });
            text = rest;
        }
        self.key.push_str(text);
        Ok(())
    }
}

/// What can be a part of a key. The parameter only tells the two ways apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a part of a cache key",
    label = "named in `key`",
    note = "a part of a key implements `Display`, or is an `Option`, a slice or a `Vec` of what does",
    note = "name a field of it, as in `{{user.id}}`, or put it into `skip(..)` if it does not change the result"
)]
pub trait KeyPart<By> {
    /// Adds this value to `key`.
    fn write(&self, key: &mut Key);
}

/// By its text.
#[derive(Debug)]
pub enum AsText {}

/// By the texts in it.
#[derive(Debug)]
pub enum AsList {}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> KeyPart<AsText> for T {
    fn write(&self, key: &mut Key) {
        key.escaped(&self, &[':', '%']);
    }
}

#[diagnostic::do_not_recommend]
impl<T: List + ?Sized> KeyPart<AsList> for T {
    fn write(&self, key: &mut Key) {
        self.write_list(key);
    }
}

/// Some values or none.
pub trait List {
    /// Adds them to `key`.
    fn write_list(&self, key: &mut Key);
}

impl<T: Display> List for Option<T> {
    fn write_list(&self, key: &mut Key) {
        match self {
            Some(value) => key.part(value),
            None => key.text(NOTHING),
        }
    }
}

impl<T: Display> List for [T] {
    fn write_list(&self, key: &mut Key) {
        if self.is_empty() {
            return key.text(NOTHING);
        }
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                key.text(",");
            }
            key.escaped(value, &[':', '%', ',']);
        }
    }
}

impl<T: Display, const N: usize> List for [T; N] {
    fn write_list(&self, key: &mut Key) {
        self.as_slice().write_list(key);
    }
}

impl<T: Display> List for Vec<T> {
    fn write_list(&self, key: &mut Key) {
        self.as_slice().write_list(key);
    }
}

impl<T: List + ?Sized> List for &T {
    fn write_list(&self, key: &mut Key) {
        (**self).write_list(key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
    fn part<By, T: KeyPart<By>>(value: T) -> String {
        let mut key = Key::new();
        key.part(&value);
        key.finish()
    }

    #[test]
    fn numbers_dates_and_codes_stay_readable() {
        assert_eq!(part("600519.SH"), "600519.SH");
        assert_eq!(
            (part(-7), part(1.5), part("2024-01-02")),
            ("-7".into(), "1.5".into(), "2024-01-02".into())
        );
        assert_eq!(part(["a", "b"].as_slice()), "a,b");
        assert_eq!(part(Some(3)), "3");
    }

    #[test]
    fn nothing_is_no_text() {
        assert_eq!(
            (part(None::<u8>), part(Some("")), part(Some("%-"))),
            ("%-".into(), "".into(), "%25-".into())
        );
        assert_eq!((part(Vec::<u8>::new()), part([""])), ("%-".into(), "".into()));
    }

    proptest! {
        #[test]
        fn distinct_values_give_distinct_parts_without_a_separator(a in "[a:%,3A-]{0,6}", b in "[a:%,3A-]{0,6}") {
            prop_assert_eq!(a == b, part(&a) == part(&b));
            prop_assert!(!part(&a).contains(':'));
            prop_assert_eq!(a == b, part(Some(&a)) == part(Some(&b)));
        }

        #[test]
        fn distinct_lists_give_distinct_parts(
            a in proptest::collection::vec("[a:%,2C-]{0,3}", 0..4),
            b in proptest::collection::vec("[a:%,2C-]{0,3}", 0..4),
        ) {
            prop_assert_eq!(a == b, part(&a) == part(&b));
            prop_assert!(!part(&a).contains(':'));
        }
    }
}
