//! The way a price takes through a day whose bar is known: a bridge from open over high and low to close.

use super::chance::Source;

/// Parts of the way: to the first extreme, to the second, to the close.
const LEGS: usize = 3;
/// Points a leg is divided into, a power of two; straight lines join them.
const STEPS: usize = 64;
const POINTS: usize = LEGS * STEPS + 1;

/// A day's way, as a function of the time traded.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// When each leg ends, as a share of the trading time.
    ends: [f64; LEGS],
    points: [f64; POINTS],
}

/// What a day has come to at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) price: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    /// Part of the day's volume, 0..=1.
    pub(super) traded: f64,
    /// Part of the day's turnover, 0..=1.
    pub(super) spent: f64,
}

impl Path {
    /// The way of a security on a day, which is given as a number.
    pub(super) fn new(source: Source, day: i32, [open, high, low, close]: [f64; 4]) -> Self {
        let mut stream = source.at(day);
        let first = stream.between(0.04, 0.6);
        let second = first + (1.0 - first) * stream.between(0.2, 0.9);
        // A day that rose more often had its low first.
        let low_first = stream.happens(if close >= open { 0.75 } else { 0.25 });
        let knots = if low_first { [open, low, high, close] } else { [open, high, low, close] };
        let mut points = [open; POINTS];
        for leg in 0..LEGS {
            let start = leg * STEPS;
            points[start + STEPS] = knots[leg + 1];
            // Halving with less noise each time makes a random walk that is held at both ends.
            let mut width = STEPS;
            let mut noise = 0.22 * (high - low);
            while width > 1 {
                for left in (start..start + STEPS).step_by(width) {
                    let middle = f64::midpoint(points[left], points[left + width]);
                    let moved = middle + noise * stream.between(-1.0, 1.0);
                    points[left + width / 2] = moved.clamp(low, high);
                }
                width /= 2;
                noise *= std::f64::consts::FRAC_1_SQRT_2;
            }
        }
        Self { ends: [first, second, 1.0], points }
    }

    /// The day at a time, given as the share of trading time that is over, 0..=1.
    pub(super) fn at(&self, time: f64) -> Moment {
        let position = self.position(time);
        let whole = (position as usize).min(POINTS - 2);
        let (one, next) = (self.points[whole], self.points[whole + 1]);
        let part = position - whole as f64;
        let price = (one * (1.0 - part) + next * part).clamp(one.min(next), one.max(next));
        let passed = self.points[..=whole].iter().copied();
        let (spent, total) = self.spent(time, whole, price);
        Moment {
            price,
            high: passed.clone().fold(price, f64::max),
            low: passed.fold(price, f64::min),
            traded: traded(time),
            spent: spent / total,
        }
    }

    /// Money spent until a time and in the whole day, in no unit.
    fn spent(&self, time: f64, whole: usize, price: f64) -> (f64, f64) {
        let (mut spent, mut total, mut before) = (0.0, 0.0, 0.0);
        for (point, pair) in self.points.windows(2).enumerate() {
            if point == whole {
                spent = total + (traded(time) - before) * f64::midpoint(pair[0], price);
            }
            let after = traded(self.time(point + 1));
            total += (after - before) * f64::midpoint(pair[0], pair[1]);
            before = after;
        }
        (spent, total)
    }

    /// When a point is reached.
    fn time(&self, point: usize) -> f64 {
        let (leg, step) = (point / STEPS, point % STEPS);
        let start = leg.checked_sub(1).map_or(0.0, |before| self.ends[before]);
        let end = self.ends.get(leg).copied().unwrap_or(1.0);
        start + (end - start) * step as f64 / STEPS as f64
    }

    /// The place among the points.
    fn position(&self, time: f64) -> f64 {
        let mut start = 0.0;
        for (leg, end) in self.ends.into_iter().enumerate() {
            if time < end {
                return (leg as f64 + (time - start) / (end - start)) * STEPS as f64;
            }
            start = end;
        }
        (POINTS - 1) as f64
    }
}

/// Part of the volume traded until a time: most of it near the open and the close.
fn traded(time: f64) -> f64 {
    let centred = time - 0.5;
    0.7 * time + 1.2 * (centred * centred * centred + 0.125)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(day: i32, [low, open, close, high]: [f64; 4]) -> Path {
        Path::new(Source::new(1, "path"), day, [open, high, low, close])
    }

    proptest! {
        #[test]
        fn a_day_starts_at_the_open_touches_both_extremes_and_ends_at_the_close(
            day in any::<i32>(),
            mut prices in prop::array::uniform4(1.0_f64..100.0),
        ) {
            prices.sort_by(f64::total_cmp);
            let [low, open, close, high] = prices;
            let path = path(day, prices);
            prop_assert_eq!(path.at(0.0).price, open);
            prop_assert_eq!(path.at(1.0), Moment { price: close, high, low, traded: 1.0, spent: 1.0 });
        }

        #[test]
        fn the_range_so_far_only_widens_and_holds_the_price(
            day in any::<i32>(),
            mut prices in prop::array::uniform4(1.0_f64..100.0),
            (one, other) in (0.0_f64..1.0, 0.0_f64..1.0),
        ) {
            prices.sort_by(f64::total_cmp);
            let path = path(day, prices);
            let (early, late) = (path.at(one.min(other)), path.at(one.max(other)));
            prop_assert!(early.high <= late.high && early.low >= late.low);
            prop_assert!(early.traded <= late.traded && early.spent <= late.spent + 1e-12);
            prop_assert!((late.low..=late.high).contains(&late.price));
            prop_assert!((prices[0]..=prices[3]).contains(&late.price));
        }
    }
}
