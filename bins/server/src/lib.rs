//! The server as a library, so that tests start the real thing.

pub mod backends;
mod collector;
mod demo;
pub mod flags;

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    http::{Method, header},
    middleware::{Condition, DefaultHeaders, from_fn},
    web,
};
use anyhow::Context as _;
use stockpile_ingest::Collector;
use stockpile_routes::AppState;
use stockpile_settings::Settings;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};

/// Time that answers under way have after a stop was asked for, seconds.
const SHUTDOWN_TIMEOUT_S: u64 = 10;
/// Time that a collector has to give its turns back, and that passes before one that failed begins again.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_secs(2);
const COLLECT_AGAIN: Duration = Duration::from_secs(60);
/// Time a browser may keep what it learned about other origins, seconds.
const CORS_MAX_AGE_S: usize = 3600;

/// Everything that serves, bound to its port but not yet answering.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    state: AppState,
    collector: Option<Collector>,
    workers: usize,
    body_limit: usize,
    cors_origins: Vec<String>,
}

impl Application {
    /// Opens the store, builds the cache and binds the port.
    ///
    /// # Errors
    ///
    /// What could not be opened or bound, and why.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        let (state, collector) = backends::build(settings).await?;
        let addr = settings.http.addr;
        let listener = TcpListener::bind(addr).with_context(|| format!("while listening on {addr}"))?;
        Ok(Self {
            listener,
            state,
            collector,
            workers: settings.http.workers.get(),
            body_limit: settings.http.body_limit,
            cors_origins: settings.http.cors_origins.clone(),
        })
    }

    /// The address it listens on; with port 0 in the settings, the port it was given.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub fn addr(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("while reading the address of the listener")
    }

    /// Serves until SIGTERM or SIGINT, then lets the answers under way end.
    ///
    /// # Errors
    ///
    /// What stopped the server.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt()).context("while waiting for signals")?;
        let mut terminate = signal(SignalKind::terminate()).context("while waiting for signals")?;
        self.run_until(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await
    }

    /// Serves until the future is done, then lets the answers under way end.
    ///
    /// # Errors
    ///
    /// What stopped the server.
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let addr = self.addr()?;
        let streams = self.state.clone();
        let stop = async move {
            stop.await;
            // They know no end of their own, so they are ended before the server waits for its answers.
            streams.end_streams();
        };
        tokio::spawn(self.state.clone().sample_quotes());
        let collecting = self.collector.clone().map(|collector| tokio::spawn(collect(collector)));
        let state = self.state;
        let cors_origins = self.cors_origins;
        let server = HttpServer::new(move || {
            App::new()
                // Each worker counts its own uses: one count for all goes from core to core with every request.
                .app_data(web::Data::new(state.clone()))
                .app_data(web::PayloadConfig::new(self.body_limit))
                .wrap(Condition::new(!cors_origins.is_empty(), cors(&cors_origins)))
                .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
                .wrap(from_fn(stockpile_routes::assign_request_id))
                .configure(stockpile_routes::configure)
        })
        .workers(self.workers)
        .shutdown_timeout(SHUTDOWN_TIMEOUT_S)
        .shutdown_signal(stop)
        .listen(self.listener)
        .context("while starting the server")?
        .run();
        tracing::info!(%addr, "listening");
        server.await.context("while serving")?;
        if let (Some(task), Some(collector)) = (collecting, self.collector) {
            task.abort();
            // The next one need not wait until this process is taken for dead.
            let _ = tokio::time::timeout(GIVE_BACK_TIMEOUT, collector.give_back_turns()).await;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Collects for ever; after a mistake of this program again in a minute.
async fn collect(collector: Collector) {
    loop {
        let mut task = JoinSet::new();
        task.spawn(collector.clone().run());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                collector.failed();
                tracing::error!(%error, "collecting has failed by a mistake of this program; it begins again in a minute");
                tokio::time::sleep(COLLECT_AGAIN).await;
            }
            _ => return,
        }
    }
}

/// Other origins may read; without any, browsers keep them out by themselves.
fn cors(origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([Method::GET, Method::HEAD])
        .allow_any_header()
        .expose_headers(["etag", "age", "x-cache", "x-data", "x-next-cursor", "x-request-id"])
        .max_age(CORS_MAX_AGE_S)
}
