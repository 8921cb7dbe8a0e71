//! What no store keeps, whatever its engine would do with it.
//!
//! A text with a NUL is cut short by one engine and refused by the next, and a number that is none has no place where one
//! is needed. So both are refused, before anything of the batch is written. Where a number may be lacking, one that is none
//! counts as lacking.

use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    Suspension,
};

use crate::{Error, Result, SourceRow};

/// A row that a store keeps, or not.
pub(crate) trait Storable {
    /// The texts that must be free of NUL, with their names.
    fn texts(&self) -> impl Iterator<Item = (&'static str, &str)>;

    /// The numbers that must be numbers, with their names.
    fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)>;
}

/// Refuses a batch that holds what no store keeps.
///
/// # Errors
///
/// [`Error::Unstorable`] for the first such value.
pub(crate) fn check<T: Storable>(rows: &[SourceRow<T>]) -> Result<()> {
    for SourceRow { row, .. } in rows {
        if let Some((what, _)) = row.numbers().find(|(_, number)| number.is_nan()) {
            return Err(Error::Unstorable { what, why: "it is not a number" });
        }
        if let Some((what, _)) = row.texts().find(|(_, text)| text.contains('\0')) {
            return Err(Error::Unstorable { what, why: "it holds a NUL" });
        }
    }
    Ok(())
}

/// `storable!(Type: texts a ?b; numbers c)`; a question mark says that the text may be lacking.
macro_rules! storable {
    ($row:ty: texts $($text:ident)* $(? $maybe:ident)*; numbers $($number:ident)*) => {
        impl Storable for $row {
            fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
                let needed: [(&'static str, &str); _] = [$((stringify!($text), self.$text.as_str())),*];
                let others: [(&'static str, Option<&str>); _] = [$((stringify!($maybe), self.$maybe.as_deref())),*];
                needed.into_iter().chain(others.into_iter().filter_map(|(name, text)| Some((name, text?))))
            }

            fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)> {
                let numbers: [(&'static str, f64); _] = [$((stringify!($number), self.$number)),*];
                numbers.into_iter()
            }
        }
    };
}

storable!(DailyBar: texts; numbers close);
storable!(AdjFactor: texts; numbers adj_factor);
storable!(Security: texts ?name ?area ?industry ?cnspell; numbers);
storable!(CalendarDay: texts; numbers);
storable!(PriceLimit: texts; numbers up_limit down_limit);
storable!(DailyBasic: texts; numbers);
storable!(Suspension: texts ?suspend_timing; numbers);
storable!(MinuteBar: texts; numbers open high low close);
storable!(Candle: texts symbol; numbers open high low close);
storable!(CryptoMarket: texts id symbol ?name; numbers);
