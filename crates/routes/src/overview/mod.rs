//! The market at a glance: hot lists, breadth, indices.

mod hot;
mod indices;
mod market_stats;

use std::fmt;

use stockpile_cache::Kind;
use stockpile_market::{SecurityKind, TradeDate};

use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{Body, Place},
    openapi::route::Route,
    reference_data::ReferenceData,
    state::AppState,
};

const OVERVIEW: Kind<Body> = Kind::new("overview").stale(STALE_WINDOW).throttle(THROTTLE);

/// What the document says of the date.
const DATE: &str = "Day at the exchange; without it, the latest complete day with bars of that kind.";

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = hot::routes();
    routes.extend([market_stats::route(), indices::route()]);
    routes
}

/// The day an overview is of: the one asked for, else the latest complete one with bars of the kind.
struct Day {
    date: Option<TradeDate>,
    has_bars: bool,
    note: Option<&'static str>,
}

impl Day {
    fn of(reference: &ReferenceData, kind: SecurityKind, asked: Option<TradeDate>) -> Self {
        let days = reference.days(kind);
        let date = asked.or_else(|| days.latest_complete());
        let has_bars = date.is_some_and(|date| days.rows(date) > 0);
        Self { date, has_bars, note: (!has_bars).then(|| reference.why_no_bars(date)) }
    }

    /// Where the overview of this day is kept: one body for each set of parameters and revision of the store.
    fn place(
        &self,
        state: &AppState,
        reference: &ReferenceData,
        family: &str,
        parameters: impl fmt::Display,
    ) -> Place {
        let closed = self.has_bars && self.date.is_some_and(|date| date < state.today());
        let ttl = if closed { state.lifetimes.overview } else { state.lifetimes.overview_live };
        match self.date {
            Some(date) => Place::new(&OVERVIEW, format_args!("{family}:{date}{parameters}"), ttl, reference),
            None => Place::new(&OVERVIEW, format_args!("{family}:none{parameters}"), ttl, reference),
        }
    }
}
