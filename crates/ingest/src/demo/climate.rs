//! What all securities share on a day: the market's mood and the sectors.

use super::{
    chance::{Source, growth},
    names::SECTORS,
};

/// Pull of the market back to its trend, a day: half of a swing is gone after five months.
const PULL: f64 = 0.007;
/// Growth of the trend, a day: about 5 % a year.
const TREND: f64 = 0.0002;

/// Mood of the market; each lasts for weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Calm,
    Rally,
    Slump,
}

impl Mood {
    /// Drift and deviation of the market's return, a day.
    const fn figures(self) -> (f64, f64) {
        match self {
            Self::Calm => (0.0001, 0.008),
            Self::Rally => (0.0045, 0.013),
            Self::Slump => (-0.0045, 0.016),
        }
    }

    /// The mood of the day after, given an even number in 0..1.
    fn after(self, draw: f64) -> Self {
        match self {
            Self::Calm if draw < 0.010 => Self::Rally,
            Self::Calm if draw < 0.020 => Self::Slump,
            Self::Rally if draw < 0.030 => Self::Calm,
            Self::Rally if draw < 0.045 => Self::Slump,
            Self::Slump if draw < 0.035 => Self::Calm,
            Self::Slump if draw < 0.050 => Self::Rally,
            same => same,
        }
    }
}

/// One day's shared returns, as fractions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) mood: Mood,
    pub(super) market: f64,
    pub(super) sectors: [f64; SECTORS.len()],
}

/// The state behind the weather.
#[derive(Clone, Debug)]
pub(super) struct Climate {
    source: Source,
    mood: Mood,
    /// Market over trend.
    level: f64,
    /// Sectors over market.
    sectors: [f64; SECTORS.len()],
}

impl Climate {
    pub(super) fn new(seed: u64) -> Self {
        let source = Source::new(seed, "climate");
        Self { source, mood: Mood::Calm, level: 1.0, sectors: [1.0; SECTORS.len()] }
    }

    /// Moves on to a day, which is given as a number.
    pub(super) fn step(&mut self, day: i32) -> Weather {
        let mut stream = self.source.at(day);
        self.mood = self.mood.after(stream.uniform());
        let (drift, deviation) = self.mood.figures();
        // Within the narrowest limit, so that even the worst day leaves most stocks tradable.
        let excess = (drift + deviation * stream.fat() - PULL * (self.level - 1.0)).clamp(-0.07, 0.07);
        self.level *= growth(excess);
        let sectors = self.sectors.each_mut().map(|level| {
            let excess = 0.007 * stream.fat() - PULL * (*level - 1.0);
            *level *= growth(excess);
            excess
        });
        Weather { mood: self.mood, market: excess + TREND, sectors }
    }
}
