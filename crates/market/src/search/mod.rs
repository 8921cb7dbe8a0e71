//! Finding a security by a part of its code, its name or the pinyin initials of its name.

mod key;
mod query;

pub use key::fold;

use crate::{Security, SecurityKind, TsCode};
use key::Initials;
use query::Query;

/// By what a security was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    /// Its code, or the start of it.
    Code,
    /// Its name, or a part of it.
    Name,
    /// The first pinyin initials of its name.
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
/// for text in ["600519", "sh6005", "茅台", "gzmt", "ＧＺ"] {
///     assert_eq!(index.search(text, None, 10).len(), 1, "{text}");
/// }
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SearchIndex {
    /// By kind, then code, which is the order of equals.
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    security: Searched,
    folded: Box<str>,
    initials: Initials,
}

impl SearchIndex {
    /// Derives the keys of every security; one that has no `cnspell` gets the initials of its name.
    #[must_use]
    pub fn new(securities: impl IntoIterator<Item = Security>) -> Self {
        let mut entries: Vec<Entry> = securities.into_iter().map(Entry::new).collect();
        entries.sort_unstable_by_key(|entry| (entry.security.kind, entry.security.ts_code));
        Self { entries }
    }

    /// Finds at most `limit` securities, the likeliest first.
    ///
    /// In this order: the code itself, codes that begin so, the name itself, names that begin so, initials that begin
    /// so, names with this in them; equals by kind, then code. Width, case and spaces do not matter.
    #[must_use]
    pub fn search(&self, text: &str, kind: Option<SecurityKind>, limit: usize) -> Vec<Hit<'_>> {
        let query = Query::new(text);
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
    fn new(security: Security) -> Self {
        let folded = fold(security.name.as_deref().unwrap_or_default());
        let initials = match security.cnspell.as_deref().map(fold) {
            Some(spelled) if !spelled.is_empty() => Initials::spelled(&spelled),
            _ => Initials::of_name(&folded),
        };
        let name = security.name.map(String::into_boxed_str);
        let security = Searched { ts_code: security.ts_code, kind: security.kind, name };
        Self { security, folded: folded.into(), initials }
    }
}

#[cfg(test)]
mod tests;
