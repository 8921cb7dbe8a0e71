//! Finding a security by a part of its code, its name or the pinyin of its name.

mod key;
mod query;
mod sound;

pub use key::fold;

use crate::{Security, SecurityKind, TsCode};
use key::Initials;
use query::Query;
use sound::{Sounds, Speller, Spelling};

/// By what a security was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    /// Its code, or the start of it.
    Code,
    /// Its name, or a part of it.
    Name,
    /// The pinyin of its name, or the initials of that.
    Pinyin,
}

impl MatchedBy {
    /// `code`, `name` or `pinyin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::Pinyin => "pinyin",
        }
    }
}

/// A security as the search shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Code.
    pub ts_code: TsCode,
    /// Stock, ETF or index.
    pub kind: SecurityKind,
    /// Short name in Chinese; without one only the code is found.
    pub name: Option<Box<str>>,
}

/// One answer to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// What was found.
    pub security: &'a Searched,
    /// By what.
    pub by: MatchedBy,
}

/// Every security with the keys it is found by.
///
/// A search looks at each of them: 10,000 take well under a millisecond, and there is no second structure to keep right.
///
/// ```
/// use stockpile_market::{SearchIndex, Security, SecurityKind};
///
/// let mut security = Security::unknown("600519.SH".parse()?, SecurityKind::Stock);
/// security.name = Some("贵州茅台".into());
/// let index = SearchIndex::new([security]);
/// for text in ["600519", "sh6005", "茅台", "gzmt", "ＧＺ", "guizhoumt", "maotai"] {
///     assert_eq!(index.search(text, None, 10).len(), 1, "{text}");
/// }
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SearchIndex {
    /// By kind, then code, which is the order of equals.
    entries: Vec<Entry>,
    sounds: Sounds,
}

#[derive(Clone, Debug)]
struct Entry {
    security: Searched,
    folded: Box<str>,
    spelling: Spelling,
    /// As the source has them, which may differ from those of the name.
    initials: Option<Initials>,
}

impl SearchIndex {
    /// Derives the keys of every security.
    #[must_use]
    pub fn new(securities: impl IntoIterator<Item = Security>) -> Self {
        let mut speller = Speller::default();
        let mut entries: Vec<Entry> =
            securities.into_iter().map(|security| Entry::new(security, &mut speller)).collect();
        entries.sort_unstable_by_key(|entry| (entry.security.kind, entry.security.ts_code));
        Self { entries, sounds: speller.into_sounds() }
    }

    /// Finds at most `limit` securities, the likeliest first.
    ///
    /// In this order: the code itself, codes that begin so, the name itself, names that begin so, names whose pinyin begins
    /// so, names with this in them, names with this pinyin in them; equals by kind, then code. Width, case and spaces do
    /// not matter. Pinyin may be typed in full, as initials or mixed (`guizhoumt`); within a name its first character in full.
    #[must_use]
    pub fn search(&self, text: &str, kind: Option<SecurityKind>, limit: usize) -> Vec<Hit<'_>> {
        let query = Query::new(text, &self.sounds);
        let mut ranks: [Vec<&Searched>; query::RANKS] = Default::default();
        for entry in &self.entries {
            let of_kind = kind.is_none_or(|kind| kind == entry.security.kind);
            let rank = if of_kind { query.rank(entry) } else { None };
            if let Some(found) = rank.and_then(|rank| ranks.get_mut(rank as usize))
                && found.len() < limit
            {
                found.push(&entry.security);
            }
        }
        let by_rank = ranks.into_iter().zip(query::MATCHED_BY);
        let hits =
            by_rank.flat_map(|(found, by)| found.into_iter().map(move |security| Hit { security, by }));
        hits.take(limit).collect()
    }
}

impl Entry {
    fn new(security: Security, speller: &mut Speller) -> Self {
        let folded = fold(security.name.as_deref().unwrap_or_default());
        let spelling = speller.spelling(&folded);
        let spelled = security.cnspell.as_deref().map(fold).filter(|spelled| !spelled.is_empty());
        let initials = spelled.map(|spelled| Initials::new(&spelled));
        let name = security.name.map(String::into_boxed_str);
        let security = Searched { ts_code: security.ts_code, kind: security.kind, name };
        Self { security, folded: folded.into(), spelling, initials }
    }
}

#[cfg(test)]
mod tests;
