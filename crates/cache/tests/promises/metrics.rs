//! Metrics: what the statistics say, in the words of a recorder.

use std::collections::BTreeMap;

use bytes::Bytes;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use stockpile_cache::Kind;

use crate::kit::{PAGE, Rig, SECOND, settle, text};

/// What a recorder was told: numbers, and for histograms how many values.
fn seen(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let values = snapshotter.snapshot().into_vec().into_iter();
    values
        .map(|(key, _, _, value)| {
            let mut labels: Vec<_> =
                key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            labels.sort();
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(values) => values.len() as f64,
            };
            (format!("{}{{{}}}", key.key().name(), labels.join(",")), value)
        })
        .collect()
}

#[tokio::test]
async fn recorder_is_told_what_the_statistics_say() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _here = metrics::set_default_local_recorder(&recorder);
    let rig = Rig::tiered();
    rig.load("v").await.unwrap();
    rig.load("v").await.unwrap();
    rig.clock.advance(SECOND * 15);
    rig.fail().await.unwrap();
    settle().await;
    rig.chaos.fail(true);
    rig.cache.get(&PAGE, "other").await;
    rig.cache.publish_metrics();
    let seen = seen(&snapshotter);
    let value = |name: &str| seen.get(name).copied();
    assert_eq!(value("cache_hits_total{cache=cache,kind=page,tier=l1}"), Some(1.0));
    assert_eq!(value("cache_hits_total{cache=cache,kind=page,tier=l2}"), Some(0.0));
    assert_eq!(value("cache_stale_hits_total{cache=cache,kind=page,tier=l1}"), Some(1.0));
    assert_eq!(value("cache_misses_total{cache=cache,kind=page}"), Some(2.0));
    assert_eq!(value("cache_loads_total{cache=cache,kind=page}"), Some(2.0));
    assert_eq!(value("cache_load_errors_total{cache=cache,kind=page}"), Some(1.0));
    assert_eq!(value("cache_load_duration_seconds{cache=cache,kind=page}"), Some(2.0));
    assert_eq!(value("cache_backend_errors_total{cache=cache,kind=page}"), Some(1.0));
    assert!(value("cache_backend_failures_total{cache=cache,class=unreachable}") >= Some(1.0));
    assert_eq!(value("cache_backend_failures_total{cache=cache,class=refused}"), Some(0.0));
    assert_eq!(value("cache_backend_asked{cache=cache}"), Some(1.0));
    assert_eq!(value("cache_queue_changes{cache=cache}"), Some(0.0));
    assert_eq!(value("cache_l1_keys{cache=cache}"), Some(1.0));
    assert!(value("cache_l1_bytes{cache=cache}") > Some(100.0));
}

#[tokio::test]
async fn hit_tells_the_recorder_nothing_until_it_is_asked_for() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let rig = Rig::local();
    rig.cache.set(&PAGE, "k", text("v")).await;
    let _here = metrics::set_default_local_recorder(&recorder);
    for _ in 0..100 {
        assert!(rig.cache.get(&PAGE, "k").await.is_some());
    }
    assert!(seen(&snapshotter).is_empty());
    rig.cache.publish_metrics();
    rig.cache.publish_metrics();
    assert_eq!(seen(&snapshotter)["cache_hits_total{cache=cache,kind=page,tier=l1}"], 100.0);
}

#[tokio::test]
async fn caches_are_told_apart_by_name_and_keys_are_no_labels() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _here = metrics::set_default_local_recorder(&recorder);
    let quotes = Rig::with(|builder, _| builder.namespace("stock:"));
    let pages = Rig::with(|builder, _| builder.namespace("stock:").name("pages"));
    for rig in [&quotes, &pages] {
        rig.cache.set(&Kind::<Bytes>::new("page"), "secret", text("v")).await;
        rig.cache.get(&PAGE, "secret").await;
        rig.cache.publish_metrics();
    }
    let seen = seen(&snapshotter);
    for name in ["stock", "pages"] {
        assert_eq!(seen[&format!("cache_hits_total{{cache={name},kind=page,tier=l1}}")], 1.0);
    }
    assert!(!seen.keys().any(|name| name.contains("secret")));
}
