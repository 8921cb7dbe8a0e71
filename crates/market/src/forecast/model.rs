//! The models that compete, each fed one logarithm of a price after another.

use serde::Serialize;

/// How a forecast was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ForecastModel {
    /// The last price stands.
    RandomWalk,
    /// The last price grows as it has on average since the first.
    RandomWalkWithDrift,
    /// An average that forgets: older prices weigh less.
    ExponentialSmoothing,
    /// Such an average with a trend that fades (Holt's method, damped).
    DampedTrend,
}

/// A model with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Candidate {
    Walk,
    Drift,
    /// Weight of the newest value.
    Smoothing(f64),
    /// Weights of the newest value and the newest change, and what is left of a trend after a step.
    Trend(f64, f64, f64),
}

/// The simplest first: a later one must be better to be chosen.
pub(super) const CANDIDATES: [Candidate; 7] = [
    Candidate::Walk,
    Candidate::Drift,
    Candidate::Smoothing(0.8),
    Candidate::Smoothing(0.5),
    Candidate::Smoothing(0.2),
    Candidate::Trend(0.9, 0.1, 0.9),
    Candidate::Trend(0.5, 0.1, 0.9),
];

impl Candidate {
    pub(super) const fn model(self) -> ForecastModel {
        match self {
            Self::Walk => ForecastModel::RandomWalk,
            Self::Drift => ForecastModel::RandomWalkWithDrift,
            Self::Smoothing(_) => ForecastModel::ExponentialSmoothing,
            Self::Trend(..) => ForecastModel::DampedTrend,
        }
    }
}

/// A candidate and what it has seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fitted {
    candidate: Candidate,
    first: f64,
    seen: u32,
    level: f64,
    trend: f64,
}

impl Fitted {
    pub(super) const fn new(candidate: Candidate, first: f64) -> Self {
        Self { candidate, first, seen: 1, level: first, trend: 0.0 }
    }

    /// Takes in the next value.
    pub(super) fn observe(&mut self, value: f64) {
        let seen = f64::from(self.seen);
        self.seen = self.seen.saturating_add(1);
        match self.candidate {
            Candidate::Walk => self.level = value,
            Candidate::Drift => (self.level, self.trend) = (value, (value - self.first) / seen),
            Candidate::Smoothing(weight) => self.level += weight * (value - self.level),
            Candidate::Trend(weight, of_change, kept) => {
                let expected = self.level + kept * self.trend;
                let level = expected + weight * (value - expected);
                self.trend = of_change * (level - self.level) + (1.0 - of_change) * kept * self.trend;
                self.level = level;
            }
        }
    }

    /// The value some steps after the last.
    pub(super) fn ahead(&self, steps: u32) -> f64 {
        match self.candidate {
            Candidate::Walk | Candidate::Smoothing(_) => self.level,
            Candidate::Drift => self.level + f64::from(steps) * self.trend,
            // A geometric series: what is left after one step, after two, and so on.
            Candidate::Trend(.., kept) => {
                self.level + self.trend * kept * (1.0 - kept.powf(f64::from(steps))) / (1.0 - kept)
            }
        }
    }
}
