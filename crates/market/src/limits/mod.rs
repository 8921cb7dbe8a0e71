//! Daily price limits: the price a stock can neither rise above nor fall below on one day.
//!
//! The rules are dated tables, see [`LimitRules`]. A limit that an exchange published for the day is better than one
//! computed here, since it knows a share's special treatment and every exception.

mod listing;
mod price;
mod rules;
mod table;

pub use listing::ListingAge;
pub use price::{PriceLimits, is_limit_down, is_limit_up};
pub use rules::{DayLimits, LimitRules};
pub use table::{Evidence, LimitRule, NewListingRule, Rounding};

#[cfg(test)]
mod tests;
