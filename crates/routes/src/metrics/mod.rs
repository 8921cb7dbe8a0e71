//! `/metrics`: what the process did, for Prometheus.
//!
//! Requests are counted as they are answered; the cache counts for itself and is read when somebody asks.

mod requests;

use std::{fmt, net::IpAddr, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use metrics::{Counter, Gauge, Key, Label, Level, Metadata, Recorder};
use stockpile_cache::KindStats;

use self::requests::Requests;
pub(crate) use self::requests::{RouteNumber, count};
use crate::{openapi::route::Route, parameters::Parameters, problem::Problem, state::AppState};

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Programs on the same machine, by the address of the connection and nothing a request says.
    Loopback,
    /// Everybody who reaches the server.
    Open,
}

/// Where metrics go and how they are read.
#[derive(Clone)]
pub struct Metrics {
    /// Takes them.
    pub recorder: Arc<dyn Recorder + Send + Sync>,
    /// Writes them all in the text format of Prometheus.
    pub render: Arc<dyn Fn() -> String + Send + Sync>,
    /// Who may read them.
    pub access: MetricsAccess,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("access", &self.access).finish_non_exhaustive()
    }
}

/// The metrics of a process.
#[derive(Debug)]
pub(crate) struct Meters {
    metrics: Metrics,
    requests: Requests,
}

impl Meters {
    pub(crate) fn new(metrics: Metrics, version: &'static str, started_s: f64) -> Self {
        let requests = Requests::new(metrics.recorder.clone());
        let meters = Self { metrics, requests };
        let recorder = &meters.metrics.recorder;
        for (name, about) in ABOUT {
            // The kind of a metric shows when it is registered; a description is the same for all.
            recorder.describe_counter((*name).into(), None, (*about).into());
        }
        meters.gauge("stockpile_build_info", vec![Label::new("version", version)]).set(1.0);
        meters.gauge("process_start_time_seconds", Vec::new()).set(started_s);
        meters
    }

    fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        self.metrics.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.metrics.recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    /// Brings in what others count.
    fn read(&self, state: &AppState) {
        let stats = state.cache.stats();
        self.gauge("stockpile_cache_l1_entries", Vec::new()).set(stats.l1_keys as f64);
        self.gauge("stockpile_cache_l1_bytes", Vec::new()).set(stats.l1_bytes as f64);
        self.gauge("stockpile_streams_open", Vec::new()).set(state.streams.open() as f64);
        for kind in &stats.kinds {
            self.read_kind(kind);
        }
    }

    fn read_kind(&self, kind: &KindStats) {
        let label = Label::new("kind", kind.name);
        for (name, tier, count) in [
            ("stockpile_cache_hits_total", "l1", kind.hits_l1),
            ("stockpile_cache_hits_total", "l2", kind.hits_l2),
            ("stockpile_cache_stale_hits_total", "l1", kind.stale_hits_l1),
            ("stockpile_cache_stale_hits_total", "l2", kind.stale_hits_l2),
        ] {
            self.counter(name, vec![label.clone(), Label::new("tier", tier)]).absolute(count);
        }
        for (name, count) in [
            ("stockpile_cache_misses_total", kind.misses),
            ("stockpile_cache_loads_total", kind.loads),
            ("stockpile_cache_load_errors_total", kind.load_errors),
            ("stockpile_cache_backend_errors_total", kind.backend_errors),
        ] {
            self.counter(name, vec![label.clone()]).absolute(count);
        }
    }
}

const ABOUT: &[(&str, &str)] = &[
    ("http_requests_total", "Requests answered, by route."),
    ("http_request_duration_seconds", "Time from the head of a request to the head of its answer."),
    ("stockpile_build_info", "Version of the program."),
    ("process_start_time_seconds", "When the process started, seconds since 1970."),
    ("stockpile_cache_hits_total", "Fresh answers of the cache, by kind and tier: l1 is this process."),
    ("stockpile_cache_stale_hits_total", "Stale answers of the cache, by kind and tier."),
    ("stockpile_cache_misses_total", "Calls no tier could answer."),
    ("stockpile_cache_loads_total", "Values made from the store."),
    ("stockpile_cache_load_errors_total", "Values that could not be made."),
    ("stockpile_cache_backend_errors_total", "Calls of the second tier that failed or were too slow."),
    ("stockpile_cache_l1_entries", "Entries in this process, about."),
    ("stockpile_cache_l1_bytes", "Bytes of these entries, about."),
    ("stockpile_streams_open", "Streams of quotes that are open."),
];

pub(crate) fn route() -> Route {
    Route::get("/metrics", "health", "What the process did, for Prometheus", metrics)
        .about("Counters since the start of the process. Who may read them is a setting, by default programs on the same machine.")
        .text("200", "text/plain", "Metrics in the text format 0.0.4.")
        .refuses("400", "A parameter; there are none.")
        .refuses("403", "Not from this machine.")
        .refuses("404", "They are turned off.")
}

async fn metrics(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let Some(meters) = &state.meters else {
        return Err(Problem::NotFound("metrics are turned off".to_owned()));
    };
    let peer = request.peer_addr().map(|addr| addr.ip().to_canonical());
    if meters.metrics.access == MetricsAccess::Loopback && !peer.as_ref().is_some_and(IpAddr::is_loopback) {
        return Err(Problem::Forbidden("metrics are for programs on the same machine".to_owned()));
    }
    Parameters::new(request.query_string(), &[]).finish()?;
    meters.read(&state);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
        .body((meters.metrics.render)()))
}
