//! The forms in which names and what people type are compared.

use pinyin::ToPinyinMulti as _;
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

/// For each character of a name the letters its reading may begin with, one bit each.
///
/// A set, because a character may have several readings: both `yh` and `yx` find 银行, so no reading has to be guessed.
#[derive(Clone, Debug)]
pub(super) struct Initials(Box<[u64]>);

impl Initials {
    /// Of initials that the source has written out.
    pub(super) fn spelled(folded: &str) -> Self {
        Self(folded.chars().filter_map(bit).collect())
    }

    /// Of a folded name: letters and digits stand for themselves, signs such as `*` for nothing.
    pub(super) fn of_name(folded: &str) -> Self {
        Self(folded.chars().map(readings).filter(|letters| *letters != 0).collect())
    }

    /// Whether the initials begin with these letters.
    pub(super) fn begin_with(&self, letters: &[u64]) -> bool {
        letters.len() <= self.0.len()
            && letters.iter().zip(&self.0).all(|(letter, readings)| letter & readings != 0)
    }
}

/// What is typed as initials, or `None` when it holds anything but letters, digits and signs such as `*`.
pub(super) fn letters(folded: &str) -> Option<Vec<u64>> {
    let letters: Option<Vec<u64>> =
        folded.chars().filter(|character| !character.is_ascii_punctuation()).map(bit).collect();
    letters.filter(|letters| !letters.is_empty())
}

fn readings(character: char) -> u64 {
    bit(character).unwrap_or_else(|| {
        let readings = character.to_pinyin_multi().into_iter().flatten();
        let firsts = readings.filter_map(|reading| reading.plain().chars().next());
        firsts.filter_map(bit).fold(0, |letters, letter| letters | letter)
    })
}

fn bit(character: char) -> Option<u64> {
    match character {
        'a'..='z' => Some(1 << (character as u32 - 'a' as u32)),
        '0'..='9' => Some(1 << (26 + character as u32 - '0' as u32)),
        _ => None,
    }
}
