//! Limit prices in whole ticks.

use serde::{Deserialize, Serialize};

use super::Rounding;
use crate::Tick;

/// The highest and the lowest price of one security on one day, CNY (B shares: USD or HKD).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceLimits {
    /// Upper limit.
    pub up: f64,
    /// Lower limit.
    pub down: f64,
}

/// Whether `close` is the upper limit, compared in whole ticks.
///
/// A close beyond the limit is not at it: no such trade is possible, so another rule was in force than the one that gave
/// `limits`.
#[must_use]
pub fn is_limit_up(close: f64, limits: PriceLimits, tick: Tick) -> bool {
    same_tick(close, limits.up, tick)
}

/// Whether `close` is the lower limit, compared in whole ticks.
///
/// A close beyond the limit is not at it, as for [`is_limit_up`].
#[must_use]
pub fn is_limit_down(close: f64, limits: PriceLimits, tick: Tick) -> bool {
    same_tick(close, limits.down, tick)
}

fn same_tick(close: f64, limit: f64, tick: Tick) -> bool {
    let close = whole_ticks(close, tick);
    close.is_some() && close == whole_ticks(limit, tick)
}

/// The price as a positive number of ticks, or `None` when it is off the tick or no price at all.
fn whole_ticks(price: f64, tick: Tick) -> Option<i64> {
    // Far above any price, and far below where a hundredth is lost in a double.
    let plausible = price > 0.0 && price < 1e9;
    (plausible && tick.divides(price)).then(|| (price * tick.per_unit()).round() as i64)
}

/// The limits `percent` above and below `pre_close`, in integers from the tick on.
pub(super) fn limits(
    pre_close: f64,
    tick: Tick,
    percent: u8,
    upper: Rounding,
    lower: Rounding,
) -> Option<PriceLimits> {
    let base = whole_ticks(pre_close, tick)?;
    let percent = i64::from(percent);
    // A limit that rounds to pre_close would forbid trading, so it is one tick away from it at least.
    let up = round(base * (100 + percent), upper).max(base + 1);
    let down = match lower {
        Rounding::HalfUp => round(base * (100 - percent), lower),
        Rounding::TowardsPreClose => -round(-base * (100 - percent), lower),
    };
    let price = |ticks: i64| ticks as f64 / tick.per_unit();
    Some(PriceLimits { up: price(up), down: price(down.min(base - 1)) })
}

/// Hundredths of a tick to ticks; towards `pre_close` means down, the caller mirrors the lower limit.
fn round(hundredths: i64, rounding: Rounding) -> i64 {
    match rounding {
        Rounding::HalfUp => (hundredths + 50).div_euclid(100),
        Rounding::TowardsPreClose => hundredths.div_euclid(100),
    }
}
