//! Which days a back-fill asks for: the store's calendar, fetched when it lacks days.

use jiff::{ToSpan as _, civil};
use stockpile_market::{Exchange, TradeDate, TradingCalendar, exchange_date};

use super::{
    SERVICE,
    backfill::{Backfill, Fetched, Step, TushareIngest, Unit},
    interface::Interface,
};
use crate::{Error, Result};

/// The first day of trading in Shanghai, and so of any calendar.
const FIRST_DAY: civil::Date = civil::Date::constant(1990, 12, 19);
impl TushareIngest {
    /// The calendar of the days asked for, fetched when the store does not know them.
    pub(super) async fn calendar(
        &self,
        backfill: &Backfill,
        hear: &mut (dyn FnMut(Step) + Send),
    ) -> Result<TradingCalendar> {
        let today = exchange_date(self.source.clock.now().as_second());
        let (first, last) = (backfill.from.max(FIRST_DAY.into()), backfill.to.min(today));
        let named = backfill.again && backfill.interfaces.contains(&Interface::TradeCal);
        let calendar = self.stored_calendar().await?;
        if first > last || knows(&calendar, first, last) && !named {
            return Ok(calendar);
        }
        // A single year may come back empty.
        let from = first.civil().first_of_year().saturating_sub(1.year()).max(FIRST_DAY);
        let to = today.civil().last_of_year();
        let unit = Unit { interface: Interface::TradeCal, first: from.into(), last: to.into() };
        let step = self.step(unit).await?;
        if let Fetched::Failed(error) = step.fetched {
            return Err(error);
        }
        hear(step);
        let calendar = self.stored_calendar().await?;
        if knows(&calendar, first, last) {
            Ok(calendar)
        } else {
            Err(Error::NoCalendar { service: SERVICE, first, last })
        }
    }

    async fn stored_calendar(&self) -> Result<TradingCalendar> {
        let ask = |source| Error::AskStore { source };
        let rows = self.store.calendar.days(Exchange::Sse).await.map_err(ask)?;
        // A key is an exchange and a day, so a day comes once.
        Ok(TradingCalendar::from_rows(rows.iter().map(|day| (day.cal_date, day.is_open)))
            .unwrap_or_else(|_| TradingCalendar::from_open_days([])))
    }
}

/// Whether every day of a span is known to be open or closed.
fn knows(calendar: &TradingCalendar, first: TradeDate, last: TradeDate) -> bool {
    let mut days = first.civil().series(1.day()).take_while(|day| *day <= last.civil());
    days.all(|day| calendar.is_open(day.into()).is_some())
}
