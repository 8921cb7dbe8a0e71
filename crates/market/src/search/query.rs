//! How well a security fits what was typed.

use super::{
    Entry, MatchedBy, key,
    sound::{Sounds, Typed},
};
use crate::Exchange;

/// How well a security fits, best first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rank {
    Code,
    CodeStart,
    Name,
    NameStart,
    PinyinStart,
    NamePart,
    PinyinPart,
}

pub(super) const RANKS: usize = 7;

/// By what each rank was found.
pub(super) const MATCHED_BY: [MatchedBy; RANKS] = [
    MatchedBy::Code,
    MatchedBy::Code,
    MatchedBy::Name,
    MatchedBy::Name,
    MatchedBy::Pinyin,
    MatchedBy::Name,
    MatchedBy::Pinyin,
];

/// What was typed, read every way it can be meant.
pub(super) struct Query<'a> {
    folded: String,
    code: Option<CodeStart>,
    initials: Option<Vec<u64>>,
    pinyin: Option<Typed<'a>>,
}

/// The start of a code: some digits, and perhaps an exchange on either side.
#[derive(Debug, PartialEq, Eq)]
struct CodeStart {
    digits: String,
    /// A part of a suffix, such as `s` of `600519.S`.
    suffix: String,
}

impl<'a> Query<'a> {
    pub(super) fn new(text: &str, sounds: &'a Sounds) -> Self {
        let folded = key::fold(text);
        let (code, initials) = (CodeStart::read(&folded), key::letters(&folded));
        Self { code, initials, pinyin: Typed::new(&folded, sounds), folded }
    }

    pub(super) fn rank(&self, entry: &Entry) -> Option<Rank> {
        if self.folded.is_empty() {
            return None;
        }
        if let Some(code) = &self.code
            && let Some(rank) = code.rank(entry)
        {
            return Some(rank);
        }
        let in_name = entry.folded.find(self.folded.as_str());
        if in_name == Some(0) {
            let whole = entry.folded.len() == self.folded.len();
            return Some(if whole { Rank::Name } else { Rank::NameStart });
        }
        let spelled = self.initials.as_ref().zip(entry.initials.as_ref());
        if spelled.is_some_and(|(letters, initials)| initials.begin_with(letters))
            || self.pinyin.as_ref().is_some_and(|typed| typed.begins(&entry.spelling))
        {
            return Some(Rank::PinyinStart);
        }
        if in_name.is_some() {
            return Some(Rank::NamePart);
        }
        let within = self.pinyin.as_ref().is_some_and(|typed| typed.is_within(&entry.spelling));
        within.then_some(Rank::PinyinPart)
    }
}

impl CodeStart {
    /// Letters alone are no start of a code: `sh` is rather how a name begins.
    fn read(folded: &str) -> Option<Self> {
        let exchanges = [Exchange::Bse, Exchange::Sse, Exchange::Szse];
        let mut suffixes = exchanges.iter().map(|exchange| exchange.suffix().to_lowercase());
        let before = suffixes.clone().find(|suffix| folded.starts_with(suffix.as_str()));
        let rest = &folded[before.as_ref().map_or(0, String::len)..];
        let (digits, after) = rest.split_once('.').unwrap_or((rest, ""));
        let is_digits = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let suffix = match before {
            Some(suffix) if !rest.contains('.') => suffix,
            None if digits.len() == 6 || !rest.contains('.') => after.to_owned(),
            _ => return None,
        };
        let known = suffixes.any(|known| known.starts_with(suffix.as_str()));
        (is_digits && known).then(|| Self { digits: digits.to_owned(), suffix })
    }

    fn rank(&self, entry: &Entry) -> Option<Rank> {
        let code = entry.security.ts_code;
        let suffix = code.exchange().suffix().as_bytes();
        let on_exchange = suffix
            .get(..self.suffix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(self.suffix.as_bytes()));
        if !on_exchange || !code.symbol().starts_with(&self.digits) {
            return None;
        }
        let whole = self.digits.len() == 6 && self.suffix.len() != 1;
        Some(if whole { Rank::Code } else { Rank::CodeStart })
    }
}
