//! A store as its users see it.

use std::sync::Arc;

use crate::{AdjFactors, DailyBars, IngestRuns, PriceLimits, Securities, TradeCalendar};

/// The repositories of one store.
#[derive(Clone, Debug)]
pub struct Store {
    /// Name of the engine, as `/health` shows it: `sqlite`.
    pub engine: &'static str,
    /// Daily bars.
    pub bars: Arc<dyn DailyBars>,
    /// Facts about securities.
    pub securities: Arc<dyn Securities>,
    /// Trading calendar.
    pub calendar: Arc<dyn TradeCalendar>,
    /// Published price limits.
    pub price_limits: Arc<dyn PriceLimits>,
    /// Adjustment factors.
    pub adj_factors: Arc<dyn AdjFactors>,
    /// Ingest runs.
    pub ingest: Arc<dyn IngestRuns>,
}
