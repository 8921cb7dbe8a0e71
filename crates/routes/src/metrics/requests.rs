//! Requests, counted by route, method and status; never by what stands in for a parameter.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::{
    HttpRequest,
    http::{Method, StatusCode},
    web,
};
use metrics::{Counter, Histogram, Key, Label, Recorder};

use super::METADATA;
use crate::state::AppState;

/// What a client may ask with; any other word is counted as `other`, since it could be a new one each time.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH];
/// What is answered often enough to be counted without a search.
const STATUSES: [u16; 12] = [200, 304, 101, 400, 401, 403, 404, 405, 406, 409, 429, 503];

/// The place of a route in the list of routes, known to each request it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteNumber(pub(crate) usize);

/// The counters of every route.
pub(crate) struct Requests {
    recorder: Arc<dyn Recorder + Send + Sync>,
    /// By number; the last one is for requests no route answers.
    routes: Vec<Counters>,
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("routes", &self.routes.len()).finish_non_exhaustive()
    }
}

/// Made when they are first needed: a route nobody asks has no lines.
struct Counters {
    route: &'static str,
    methods: [OfMethod; METHODS.len() + 1],
}

#[derive(Default)]
struct OfMethod {
    statuses: [OnceLock<Counter>; STATUSES.len()],
    duration: OnceLock<Histogram>,
}

impl Requests {
    pub(super) fn new(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        let paths = crate::routes().into_iter().map(|route| route.path);
        let counters = |route| Counters { route, methods: Default::default() };
        Self { recorder, routes: paths.chain(["none"]).map(counters).collect() }
    }

    fn count(&self, number: Option<RouteNumber>, method: &Method, status: StatusCode, duration: Duration) {
        let number = number.map_or(self.routes.len() - 1, |number| number.0);
        let Some(counters) = self.routes.get(number) else { return };
        let place = METHODS.iter().position(|known| known == method);
        let of_method = &counters.methods[place.unwrap_or(METHODS.len())];
        let labels = || {
            let name = if place.is_some() { method.as_str() } else { "other" };
            vec![Label::new("route", counters.route), Label::new("method", name.to_owned())]
        };
        let counter = || {
            let status = Label::new("status", status.as_str().to_owned());
            let labels = [labels(), vec![status]].concat();
            self.recorder.register_counter(&Key::from_parts("http_requests_total", labels), &METADATA)
        };
        match STATUSES.iter().position(|known| *known == status.as_u16()) {
            Some(place) => of_method.statuses[place].get_or_init(counter).increment(1),
            None => counter().increment(1),
        }
        let histogram = || {
            let key = Key::from_parts("http_request_duration_seconds", labels());
            self.recorder.register_histogram(&key, &METADATA)
        };
        of_method.duration.get_or_init(histogram).record(duration);
    }
}

/// Counts a request that has been answered, where metrics are on.
pub(crate) fn count(request: &HttpRequest, status: StatusCode, duration: Duration) {
    let Some(state) = request.app_data::<web::Data<AppState>>() else { return };
    if let Some(meters) = &state.meters {
        meters.requests.count(request.app_data::<RouteNumber>().copied(), request.method(), status, duration);
    }
}
