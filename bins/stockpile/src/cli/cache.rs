//! The words of `stockpile cache`.

use std::num::NonZeroUsize;

use clap::Subcommand;

pub(super) const EXAMPLES: &str = "Examples:
  stockpile cache ping
  stockpile cache list 'quote:6*' --limit 20
  stockpile cache get quote:600519.SH
  stockpile cache delete quote:600519.SH stock:basic:600519.SH
  stockpile cache clear 'daily:*' --yes
  stockpile cache stats --json

The cache is the one that CACHE_URL, REDIS_URL or REDIS_HOST names; keys start with `stock:`, which may be left out.
A pattern is matched against the rest: `*` any run of bytes, `?` one, `[abc]` one of a set, `\\` takes the next as it is.
Exit codes: 0 done, 1 failed, not there or not complete, 2 usage or settings, or a cache that no other process can see.";

#[derive(Debug, Subcommand)]
pub(crate) enum CacheAction {
    /// Say whether the cache answers, and how fast
    Ping,

    /// Count keys and memory by kind
    Stats {
        /// Most keys to count
        #[arg(long, default_value = "1000000", value_name = "COUNT")]
        limit: NonZeroUsize,
    },

    /// List keys with their time to live and memory
    #[command(after_help = "Examples:
  stockpile cache list
  stockpile cache list 'daily:600519.SH*' --limit 1000
  stockpile cache list --json | jq -r .key

Bytes that are no text, and signs a terminal would act on, are shown escaped.")]
    List {
        /// Which keys, such as `quote:6*` [default: all]
        pattern: Option<String>,
        /// Most keys to list
        #[arg(long, default_value = "100", value_name = "COUNT")]
        limit: NonZeroUsize,
        /// Also the cache's own counters
        #[arg(long)]
        all: bool,
    },

    /// Show an entry: what it says about itself, and its value
    #[command(after_help = "Examples:
  stockpile cache get quote:600519.SH
  stockpile cache get basic:600519.SH --raw > value

`fresh` and `stale` are by the entry's own times; an invalidation since then is not looked up.")]
    Get {
        /// The key, with or without `stock:`
        key: String,
        /// Write the value's bytes as they are stored, and nothing else
        #[arg(long, conflicts_with = "json")]
        raw: bool,
    },

    /// Tell how long the cache keeps a key
    Ttl {
        /// The key, with or without `stock:`
        key: String,
    },

    /// Delete keys, and tell the running servers
    Delete {
        /// The keys, with or without `stock:`
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },

    /// Delete all keys, or those that match a pattern, and tell the running servers
    #[command(after_help = "Examples:
  stockpile cache clear
  stockpile cache clear 'quote:*' --yes

Asks before it deletes; where nobody can be asked, --yes is needed. Keys of other programs are left alone.")]
    Clear {
        /// Which keys, such as `quote:6*` [default: all]
        pattern: Option<String>,
        /// Delete without asking
        #[arg(long)]
        yes: bool,
    },
}
