//! The forms in which names and what people type are compared.

use unicode_normalization::UnicodeNormalization as _;

/// One form for what reads the same: full-width and half-width alike (NFKC), lower case, without spaces.
///
/// ```
/// assert_eq!(stockpile_market::fold("万 科Ａ"), "万科a");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let lower = text.nfkc().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase);
    // Once more: a sign that stood on a space now stands on the letter before it.
    lower.nfkc().collect()
}

/// Initials that the source has written out, one bit each.
#[derive(Clone, Debug)]
pub(super) struct Initials(Box<[u64]>);

impl Initials {
    pub(super) fn new(folded: &str) -> Self {
        Self(folded.chars().filter_map(bit).collect())
    }

    /// Whether the initials begin with these letters.
    pub(super) fn begin_with(&self, letters: &[u64]) -> bool {
        self.0.starts_with(letters)
    }
}

/// What is typed as initials, or `None` when it holds anything but letters, digits and signs such as `*`.
pub(super) fn letters(folded: &str) -> Option<Vec<u64>> {
    let letters: Option<Vec<u64>> =
        folded.chars().filter(|character| !character.is_ascii_punctuation()).map(bit).collect();
    letters.filter(|letters| !letters.is_empty())
}

/// A bit for each letter and digit.
pub(super) fn bit(character: char) -> Option<u64> {
    match character {
        'a'..='z' => Some(1 << (character as u32 - 'a' as u32)),
        '0'..='9' => Some(1 << (26 + character as u32 - '0' as u32)),
        _ => None,
    }
}
