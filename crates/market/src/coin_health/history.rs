//! What a coin's days tell.

use crate::Candle;

/// Days that count.
const DAYS: usize = 30;
/// Days that a figure needs: fewer tell more of chance than of the coin.
const MIN_DAYS: usize = 14;
/// Days a fall is measured over.
const PEAK_DAYS: usize = 90;

/// Figures from a coin's candles of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoinHistory {
    /// Mean of |return| by turnover (Amihud's measure) over the last 30 days, as the change of the price that goes with one
    /// million of quote currency, percent.
    pub illiquidity: Option<f64>,
    /// Standard deviation of the daily logarithmic returns of the last 30 days, percent.
    pub volatility: Option<f64>,
    /// How far the last close lies below the highest price of the last 90 days, percent.
    pub drawdown: Option<f64>,
}

impl CoinHistory {
    /// Reads the figures from finished candles of a day, oldest first; one that has fewer than 14 days to rest on is `None`.
    ///
    /// A day without a turnover counts with volume times close, one without either or without trading is left out of the
    /// liquidity.
    #[must_use]
    pub fn of(days: &[Candle]) -> Self {
        let recent = &days[days.len().saturating_sub(DAYS + 1)..];
        let returns: Vec<(f64, &Candle)> =
            recent.windows(2).map(|pair| ((pair[1].close / pair[0].close).ln(), &pair[1])).collect();
        let impacts: Vec<f64> = returns
            .iter()
            .filter_map(|(change, day)| {
                let turnover = day.quote_volume.or_else(|| Some(day.volume? * day.close))?;
                (turnover > 0.0).then(|| change.abs() * 100.0 / (turnover / 1e6))
            })
            .collect();
        let changes: Vec<f64> = returns.iter().map(|(change, _)| change * 100.0).collect();
        let last = &days[days.len().saturating_sub(PEAK_DAYS)..];
        let peak = last.iter().map(|day| day.high).fold(f64::NEG_INFINITY, f64::max);
        let fallen = last.last().map(|day| (1.0 - day.close / peak) * 100.0);
        Self {
            illiquidity: mean(&impacts),
            volatility: deviation(&changes),
            drawdown: fallen.filter(|fallen| last.len() >= MIN_DAYS && fallen.is_finite()),
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.len() >= MIN_DAYS && mean.is_finite()).then_some(mean)
}

fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}
