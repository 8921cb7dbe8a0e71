//! Metrics, kept in the process and written out when somebody asks.

use std::sync::Arc;

use metrics::Recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{Error, Result};

/// Upper bounds of the histograms, seconds: from a body out of memory to a request that runs into its time limit.
const BOUNDS_S: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Takes metrics and writes them in the text format of Prometheus.
///
/// It belongs to whoever made it, rather than to the process, so that two servers in one process count apart.
#[derive(Clone)]
pub struct Exporter {
    recorder: Arc<dyn Recorder + Send + Sync>,
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Exporter {
    /// Begins without any metrics.
    ///
    /// # Errors
    ///
    /// [`Error::NoBounds`], which a release does not meet.
    pub fn new() -> Result<Self> {
        let builder = PrometheusBuilder::new().set_buckets(&BOUNDS_S).map_err(|_| Error::NoBounds)?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Ok(Self { recorder: Arc::new(recorder), handle })
    }

    /// Where metrics are registered.
    #[must_use]
    pub fn recorder(&self) -> Arc<dyn Recorder + Send + Sync> {
        self.recorder.clone()
    }

    /// Every metric, in the text format 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Sorts the durations taken since the last time into their histograms. They pile up until this or a
    /// [`render`](Self::render), so call it every few seconds.
    pub fn settle(&self) {
        self.handle.run_upkeep();
    }
}
