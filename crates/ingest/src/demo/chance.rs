//! Random numbers that depend on what they are for, not on what was drawn before.
//!
//! Each number is a hash of (seed, what, day, count), so a market that is generated up to a later day repeats its past.
//! Only additions and multiplications follow: the platform's `ln` and `exp` differ in the last bit, these do not.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Where the random numbers of one thing, such as a security, come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    key: u64,
}

impl Source {
    pub(super) fn new(seed: u64, what: &str) -> Self {
        Self { key: xxh3_64_with_seed(what.as_bytes(), seed) }
    }

    /// Other numbers for the same thing.
    pub(super) fn part(self, what: &str) -> Self {
        Self::new(self.key, what)
    }

    /// The stream of a day, a year or any other number.
    pub(super) fn at(self, number: i32) -> Stream {
        Stream { key: xxh3_64_with_seed(&number.to_le_bytes(), self.key), drawn: 0 }
    }
}

/// Numbers drawn one after another.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    key: u64,
    drawn: u64,
}

impl Stream {
    fn next(&mut self) -> u64 {
        self.drawn += 1;
        xxh3_64_with_seed(&self.drawn.to_le_bytes(), self.key)
    }

    /// Even in 0..1.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Even in `low..high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Even in `0..count`.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        ((u64::from(count) * (self.next() >> 32)) >> 32) as u32
    }

    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Normal with mean 0 and deviation 1, within 6: a sum of twelve even numbers.
    pub(super) fn normal(&mut self) -> f64 {
        let mut sum = 6;
        for _ in 0..3 {
            let lanes = self.next();
            sum += (0..4).map(|lane| lanes >> (16 * lane) & 0xFFFF).sum::<u64>();
        }
        sum as f64 / 65_536.0 - 6.0
    }

    /// As [`normal`](Self::normal), but far values are more frequent: one day in twenty is a wild one.
    pub(super) fn fat(&mut self) -> f64 {
        let scale = if self.happens(0.05) { 2.5 } else { 0.85 };
        scale * self.normal()
    }
}

/// Close to `e^x` for `x` within 4 of zero, and the same on every machine.
pub(super) fn growth(x: f64) -> f64 {
    let mut value = 1.0 + x.clamp(-4.0, 4.0) / 256.0;
    for _ in 0..8 {
        value *= value;
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_numbers_of_a_stream_are_these_on_every_machine() {
        let mut stream = Source::new(1, "000001.SZ").at(20_000);
        assert_eq!(stream.next(), 15_449_883_684_235_229_518);
        assert_eq!(stream.normal().to_bits(), 4_599_789_577_492_758_528);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut stream = Source::new(1, "moments").at(0);
        let drawn: Vec<f64> = (0..4000).map(|_| stream.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 4000.0;
        let square = drawn.iter().map(|value| value * value).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.06 && (square - 1.0).abs() < 0.1, "{mean} {square}");
    }

    proptest! {
        #[test]
        fn numbers_stay_in_their_range(seed in any::<u64>(), day in any::<i32>(), count in 1_u32..1000) {
            let mut stream = Source::new(seed, "range").at(day);
            prop_assert!(stream.below(count) < count);
            prop_assert!((0.0..1.0).contains(&stream.uniform()));
            prop_assert!((-6.0..6.0).contains(&stream.normal()));
        }

        #[test]
        fn growth_is_positive_and_rises(x in -4.0_f64..4.0, step in 0.01_f64..1.0) {
            prop_assert!(growth(x) > 0.0);
            prop_assert!(growth(x + step) >= growth(x));
        }
    }
}
