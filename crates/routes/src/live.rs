//! Quotes of a real exchange: whoever fetches them puts them into the cache, and every server reads them there.

use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt as _, stream};
use stockpile_market::{SecurityKind, TradeDate, TsCode, exchange_date, is_in_quote_hours};

use crate::{
    cached::{self, Body, Place},
    format::Form,
    problem::Problem,
    quotes::LiveQuote,
    reference_data::ReferenceData,
    state::AppState,
    stock::{
        lookup::Found,
        quote::{self, QUOTE, Source},
    },
};

/// Quotes on their way to the cache at a time.
const AT_A_TIME: usize = 64;

impl AppState {
    /// Shows quotes of securities from now on: to whoever asks, and on the streams, here and on every server that shares the
    /// cache. Each is fresh as long as `Lifetimes::quote` says, and stands until there is a newer one or the day has its bars.
    pub async fn publish(&self, quotes: Vec<LiveQuote>) {
        let names = match self.real_reference().await {
            Ok(reference) => Some(reference),
            Err(error) => {
                tracing::warn!(%error, "quotes bear the names of their source, as the store's are not known");
                None
            }
        };
        let body = |live: &LiveQuote| {
            let known = names.as_ref().and_then(|reference| reference.name(live.code, live.kind));
            let name = known.or(live.name.as_deref());
            let json = quote::written(live.code, name, Some(&live.quote), Source::Live).ok()?;
            let day = exchange_date(live.quote.time.as_second());
            Some((self.live_place(live.code, day), Body::of_json(json)))
        };
        let bodies: Vec<_> = quotes.iter().filter_map(body).collect();
        stream::iter(bodies)
            .map(|(place, body)| async move {
                self.cache.entry(&QUOTE, place.key()).ttl(place.ttl()).set(body).await;
            })
            .buffer_unordered(AT_A_TIME)
            .collect::<()>()
            .await;
    }

    fn live_place(&self, code: TsCode, day: TradeDate) -> Place {
        Place::shared(&QUOTE, format!("{}:{day}", code.text().as_str()), self.lifetimes.quote)
    }

    /// The day whose live quotes are newer than the last bars of a kind; `None` when there can be none.
    fn live_day(&self, reference: &ReferenceData, kind: SecurityKind) -> Option<TradeDate> {
        let today = self.today();
        let has_bars = reference.days(kind).latest_complete().is_some_and(|day| day >= today);
        let may_be = self.has_live_quotes()
            && !reference.demo
            && !has_bars
            && reference.calendar.is_open(today) != Some(false);
        may_be.then_some(today)
    }

    /// Answers with the live quote of a security, if there is one.
    pub(crate) async fn respond_live(
        &self,
        request: &HttpRequest,
        form: Form,
        reference: &ReferenceData,
        found: Found,
    ) -> Result<Option<HttpResponse>, Problem> {
        match self.live_day(reference, found.kind) {
            Some(day) => cached::find(request, self, form, &self.live_place(found.code, day)).await,
            None => Ok(None),
        }
    }

    /// The live quote of a security as JSON, be it a while old.
    pub(crate) async fn live_json(&self, reference: &ReferenceData, found: Found) -> Option<Box<str>> {
        let place = self.live_place(found.code, self.live_day(reference, found.kind)?);
        self.cache.entry(&QUOTE, place.key()).get_or_stale().await?.json()
    }

    /// The newest quotes of many as JSON, one answer each; asks nobody while no prices are made.
    pub(crate) async fn new_live_json(
        &self,
        reference: &ReferenceData,
        watched: &[Found],
    ) -> Vec<Option<Box<str>>> {
        let mut answers = vec![None; watched.len()];
        if !is_in_quote_hours(self.now().as_second()) {
            return answers;
        }
        let days = SecurityKind::ALL.map(|kind| self.live_day(reference, kind));
        let (places, keys): (Vec<usize>, Vec<String>) = watched
            .iter()
            .enumerate()
            .filter_map(|(place, found)| {
                let day = days[found.kind as usize]?;
                Some((place, self.live_place(found.code, day).key().to_owned()))
            })
            .unzip();
        if keys.is_empty() {
            return answers;
        }
        for (place, body) in places.into_iter().zip(self.cache.get_many(&QUOTE, &keys).await) {
            answers[place] = body.and_then(|body| body.json());
        }
        answers
    }
}
