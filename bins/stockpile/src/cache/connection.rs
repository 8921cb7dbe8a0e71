//! The cache the settings name.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use stockpile_cache::{Backend as _, Namespace, Pattern, redis::RedisBackend};
use stockpile_settings::{CacheUrl, secrecy::ExposeSecret as _};

use crate::{cli::Cli, exit::Usage, store};

/// What the servers put in front of their keys.
pub(super) const NAMESPACE: &str = "stock:";
/// How long one command may take, connecting included.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How long a deletion by pattern may take.
pub(super) const SWEEP: Duration = Duration::from_secs(30);

/// A cache that several processes share. Connects when it is asked first.
pub(super) struct Connection {
    pub(super) backend: RedisBackend,
    pub(super) namespace: Namespace,
    /// Its address, without credentials.
    pub(super) name: String,
}

impl Connection {
    pub(super) fn open(cli: &Cli) -> Result<Self> {
        let url = store::settings(cli)?.cache.url;
        match url {
            CacheUrl::Memory => {
                return Err(Usage(
                    "the cache `memory://` lives inside the server's process, where no other can look; \
                     restart the server to empty it, or name a shared one: CACHE_URL=redis://HOST:6379/1"
                        .to_owned(),
                )
                .into());
            }
            CacheUrl::None => {
                return Err(Usage(
                    "the cache `none://` keeps nothing; what there is of it lives inside the server's process; \
                     name a shared one: CACHE_URL=redis://HOST:6379/1"
                        .to_owned(),
                )
                .into());
            }
            CacheUrl::Redis(_) => {}
        }
        let backend = RedisBackend::builder(url.to_secret_url().expose_secret())
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE)
            .sweep_timeout(SWEEP)
            .build()
            .with_context(|| format!("CACHE_URL: `{url}` cannot be used"))?;
        Ok(Self { backend, namespace: Namespace::new(NAMESPACE)?, name: url.to_string() })
    }

    /// Asks for a sign of life, and says how long it took.
    pub(super) async fn ping(&self) -> Result<Duration> {
        let asked = Instant::now();
        self.backend.ping().await.with_context(|| self.silent())?;
        Ok(asked.elapsed())
    }

    /// What to say before the reason when a call failed.
    pub(super) fn silent(&self) -> String {
        format!("the cache {} cannot be asked", self.name)
    }

    /// Reads a pattern, which may start with the namespace; all keys when there is none.
    pub(super) fn pattern(&self, glob: Option<&str>) -> Result<Pattern> {
        let Some(glob) = glob else { return Ok(Pattern::everything(&self.namespace)) };
        let rest = glob.strip_prefix(self.namespace.prefix()).unwrap_or(glob);
        Pattern::new(&self.namespace, rest).map_err(Into::into)
    }
}
