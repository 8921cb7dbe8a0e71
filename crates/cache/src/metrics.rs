//! The statistics of a cache, for the facade `metrics`: read when somebody asks for them, so that a hit costs no more.

use std::{sync::Arc, time::Duration};

use ::metrics::{
    Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::{BreakerState, Cache, RemoteHealth, Stats};

const LOAD_DURATION: &str = "cache_load_duration_seconds";

impl Cache {
    /// Hands [`stats`](Self::stats) to the recorder of `metrics` that is installed: counters and gauges. To be called
    /// before each scrape, or every few seconds; see [`guide::metrics`](crate::guide::metrics).
    ///
    /// The time loads take is recorded as they end, in the histogram `cache_load_duration_seconds`.
    pub fn publish_metrics(&self) {
        describe();
        publish(&self.engine.name, &self.stats(), self.remote_health().as_ref());
    }
}

pub(crate) fn record_load(cache: &Arc<str>, kind: &'static str, took: Duration) {
    histogram!(LOAD_DURATION, "cache" => Arc::clone(cache), "kind" => kind).record(took);
}

fn publish(cache: &Arc<str>, stats: &Stats, health: Option<&RemoteHealth>) {
    let cache = Label::new("cache", Arc::clone(cache));
    let count = |name: &'static str, labels: &[(&'static str, &'static str)], value: u64| {
        let labels = labels.iter().map(|(key, value)| Label::new(*key, *value));
        counter!(name, labels.chain([cache.clone()]).collect::<Vec<_>>()).absolute(value);
    };
    for kind in &stats.kinds {
        let of = ("kind", kind.name);
        count("cache_hits_total", &[of, ("tier", "l1")], kind.hits_l1);
        count("cache_hits_total", &[of, ("tier", "l2")], kind.hits_l2);
        count("cache_stale_hits_total", &[of, ("tier", "l1")], kind.stale_hits_l1);
        count("cache_stale_hits_total", &[of, ("tier", "l2")], kind.stale_hits_l2);
        count("cache_misses_total", &[of], kind.misses);
        count("cache_loads_total", &[of], kind.loads);
        count("cache_load_errors_total", &[of], kind.load_errors);
        count("cache_joins_total", &[of], kind.joins);
        count("cache_rejected_total", &[of], kind.rejected);
        count("cache_not_stored_total", &[of], kind.not_stored);
        count("cache_backend_errors_total", &[of], kind.backend_errors);
    }
    count("cache_l1_evictions_total", &[], stats.l1_evictions);
    count("cache_events_dropped_total", &[], stats.events.dropped);
    let show = |name: &'static str, value: u64| gauge!(name, vec![cache.clone()]).set(value as f64);
    show("cache_l1_bytes", stats.l1_bytes);
    show("cache_l1_max_bytes", stats.l1_max_bytes);
    show("cache_l1_keys", stats.l1_keys);
    show("cache_in_flight", stats.in_flight);
    if let Some(health) = health {
        let backend = &stats.backend;
        count("cache_backend_failures_total", &[("class", "unreachable")], backend.unreachable);
        count("cache_backend_failures_total", &[("class", "timed_out")], backend.timed_out);
        count("cache_backend_failures_total", &[("class", "refused")], backend.refused);
        count("cache_backend_not_asked_total", &[], backend.not_asked);
        count("cache_backend_outages_total", &[], health.times_opened);
        show("cache_backend_asked", u64::from(health.state == BreakerState::Closed));
        count("cache_queue_replayed_total", &[], backend.replayed);
        count("cache_queue_dropped_fills_total", &[], backend.dropped_fills);
        count("cache_queue_overflows_total", &[], backend.overflows);
        show("cache_queue_changes", health.queued as u64);
        show("cache_queue_bytes", health.queued_bytes);
    }
    if let Some(bus) = &stats.bus {
        show("cache_bus_connected", u64::from(bus.connected));
        count("cache_bus_sent_total", &[], bus.sent);
        count("cache_bus_received_total", &[], bus.received);
        count("cache_bus_ignored_total", &[], bus.ignored);
        count("cache_bus_gaps_total", &[], bus.gaps);
    }
}

fn describe() {
    describe_counter!("cache_hits_total", "Fresh answers, by tier.");
    describe_counter!("cache_stale_hits_total", "Stale answers in place of a load, by tier.");
    describe_counter!("cache_misses_total", "Calls no tier could answer.");
    describe_counter!("cache_loads_total", "Loader calls.");
    describe_counter!("cache_load_errors_total", "Loader calls that ended in an error or a panic.");
    describe_counter!("cache_joins_total", "Calls that waited for the work of another.");
    describe_counter!("cache_rejected_total", "Stored bytes that were not the entry asked for.");
    describe_counter!("cache_not_stored_total", "Values given to their callers and not stored.");
    describe_counter!("cache_backend_errors_total", "Reads, writes and deletions the backend failed at.");
    describe_counter!("cache_backend_failures_total", "All calls the backend failed at, by class.");
    describe_counter!(
        "cache_backend_not_asked_total",
        "Calls not made: the backend was down, or time was up."
    );
    describe_counter!("cache_backend_outages_total", "How often the backend was left alone.");
    describe_gauge!("cache_backend_asked", "1 while the backend is asked.");
    describe_counter!("cache_queue_replayed_total", "Changes that were confirmed when they were sent again.");
    describe_counter!("cache_queue_dropped_fills_total", "Loaded values that were not sent again.");
    describe_counter!("cache_queue_overflows_total", "How often the queue was full.");
    describe_gauge!("cache_queue_changes", "Changes the backend has yet to be told.");
    describe_gauge!("cache_queue_bytes", Unit::Bytes, "Bytes they take, about.");
    describe_counter!("cache_events_dropped_total", "Events that waiting readers had no room for.");
    describe_counter!("cache_bus_sent_total", "Messages the bus took.");
    describe_counter!("cache_bus_received_total", "Messages of other processes that were followed.");
    describe_counter!("cache_bus_ignored_total", "Messages that were damaged or of another release.");
    describe_counter!("cache_bus_gaps_total", "How often messages were found to be missing.");
    describe_gauge!("cache_bus_connected", "1 while messages of the bus arrive.");
    describe_counter!("cache_l1_evictions_total", "Entries pushed out of the process for want of room.");
    describe_gauge!("cache_l1_bytes", Unit::Bytes, "Bytes of the entries in process, about.");
    describe_gauge!("cache_l1_max_bytes", Unit::Bytes, "Most bytes they may take.");
    describe_gauge!("cache_l1_keys", "Entries in process, about.");
    describe_gauge!("cache_in_flight", "Keys with a load or a backend call under way.");
    describe_histogram!(LOAD_DURATION, Unit::Seconds, "Time a loader takes.");
}
