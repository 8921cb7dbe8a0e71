//! What no store keeps, whatever its engine would do with it.
//!
//! A text with a NUL is cut short by one engine and refused by the next, and a number that is none has no place where one
//! is needed. So both are refused, before anything of the batch is written. Where a number may be lacking, one that is none
//! counts as lacking.

use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    Suspension,
};

use crate::{Error, Part, Result, SourceRow};

/// A row that a store keeps, or not.
pub(crate) trait Storable {
    /// Where it belongs.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "sqlite")),
        expect(dead_code, reason = "ClickHouse knows it by the table")
    )]
    const PART: Part;

    /// The texts that must be free of NUL, with their names.
    fn texts(&self) -> impl Iterator<Item = (&'static str, &str)>;

    /// The numbers that must be numbers, with their names.
    fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)>;

    /// The numbers that may be lacking.
    fn optional_numbers(&mut self) -> impl Iterator<Item = &mut Option<f64>>;
}

/// Refuses a batch that holds what no store keeps, and makes a number that is none one that is lacking.
///
/// # Errors
///
/// [`Error::Unstorable`] for the first such value.
pub(crate) fn admit<T: Storable>(rows: &mut [SourceRow<T>]) -> Result<()> {
    for SourceRow { row, .. } in rows {
        if let Some((what, _)) = row.numbers().find(|(_, number)| number.is_nan()) {
            return Err(Error::Unstorable { what, why: "it is not a number" });
        }
        if let Some((what, _)) = row.texts().find(|(_, text)| text.contains('\0')) {
            return Err(Error::Unstorable { what, why: "it holds a NUL" });
        }
        for number in row.optional_numbers() {
            *number = number.filter(|number| !number.is_nan());
        }
    }
    Ok(())
}

/// Names the fields of a row, those that may be lacking behind a question mark.
macro_rules! storable {
    ($part:ident $row:ty: texts $($text:ident)* $(? $maybe:ident)*; numbers $($number:ident)* $(? $optional:ident)*) => {
        impl Storable for $row {
            const PART: Part = Part::$part;

            fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
                let needed: [(&'static str, &str); _] = [$((stringify!($text), self.$text.as_str())),*];
                let others: [(&'static str, Option<&str>); _] =
                    [$((stringify!($maybe), self.$maybe.as_deref())),*];
                needed.into_iter().chain(others.into_iter().filter_map(|(name, text)| Some((name, text?))))
            }

            fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)> {
                let numbers: [(&'static str, f64); _] = [$((stringify!($number), self.$number)),*];
                numbers.into_iter()
            }

            fn optional_numbers(&mut self) -> impl Iterator<Item = &mut Option<f64>> {
                let numbers: [&mut Option<f64>; _] = [$(&mut self.$optional),*];
                numbers.into_iter()
            }
        }
    };
}

storable!(Market DailyBar: texts;
    numbers close ?open ?high ?low ?pre_close ?change ?pct_chg ?vol ?amount);
storable!(Market AdjFactor: texts; numbers adj_factor);
storable!(Market Security: texts ?name ?area ?industry ?cnspell; numbers);
storable!(Market CalendarDay: texts; numbers);
storable!(Market PriceLimit: texts; numbers up_limit down_limit ?pre_close);
storable!(Market DailyBasic: texts;
    numbers ?close ?turnover_rate ?turnover_rate_f ?volume_ratio ?pe ?pe_ttm ?pb ?ps ?ps_ttm ?dv_ratio ?dv_ttm
    ?total_share ?float_share ?free_share ?total_mv ?circ_mv);
storable!(Market Suspension: texts ?suspend_timing; numbers);
storable!(Market MinuteBar: texts; numbers open high low close ?vol ?amount);
storable!(Coins Candle: texts symbol; numbers open high low close ?volume ?quote_volume);
storable!(Coins CryptoMarket: texts id symbol ?name; numbers ?price ?market_cap ?volume_24h ?change_24h);
