//! Methods and associated functions.

use std::sync::Arc;

use stockpile_cache::{Cache, LoadCx, LoadResult, cached};

use crate::world::{Down, Source, TEXT};

#[derive(Clone)]
struct Quotes {
    cache: Cache,
    source: Source,
    region: &'static str,
}

impl Quotes {
    fn new(cache: &Cache, region: &'static str) -> Self {
        Self { cache: cache.clone(), source: Source::default(), region }
    }

    /// The latest.
    #[cached(cache = self.cache, kind = TEXT, key = "latest:{symbol}", skip(self))]
    pub(crate) async fn latest(&self, symbol: &str) -> Result<String, Down> {
        self.source.ask(symbol).await
    }

    #[cached(cache = self.cache, kind = TEXT, key = "regional:{self.region}:{symbol}")]
    async fn regional(&self, symbol: &str) -> Result<String, Down> {
        let symbol = format!("{}{symbol}", self.region);
        self.source.ask(&symbol).await
    }

    #[cached(cache = self.cache, kind = TEXT, key = "owned:{symbol}", skip(self))]
    async fn owned(self, symbol: &str) -> Result<String, Down> {
        self.source.ask(symbol).await
    }

    #[cached(cache = self.cache, kind = TEXT, key = "shared:{symbol}", skip(self))]
    async fn shared(self: Arc<Self>, symbol: &str) -> Result<String, Down> {
        self.source.ask(symbol).await
    }

    #[cached(cache = this.cache, kind = TEXT, key = "{symbol}", skip(this), in_impl)]
    async fn associated(this: &Self, symbol: &str) -> Result<String, Down> {
        this.source.ask(symbol).await
    }

    #[cached(cache = self.cache, kind = TEXT, key = "short", skip(self), cx = cx)]
    async fn short(&self, cx: &LoadCx<String>) -> Result<String, Down> {
        cx.set_ttl(std::time::Duration::ZERO);
        self.source.ask("short").await
    }
}

#[tokio::test]
async fn method_is_cached_and_has_companions_named_after_it() {
    let quotes = Quotes::new(&Cache::in_memory(), "eu");
    for _ in 0..2 {
        assert_eq!(*quotes.latest("A").await.unwrap(), "<A>");
    }
    assert_eq!(quotes.source.calls(), 1);
    assert_eq!(quotes.latest_key("A"), "latest:A");
    assert_eq!(*quotes.latest_refresh("A").await.unwrap(), "<A>");
    assert!(quotes.latest_evict("A").await.existed);
    quotes.latest("A").await.unwrap();
    assert_eq!(quotes.source.calls(), 3);
}

#[tokio::test]
async fn instances_share_entries_unless_a_field_in_the_key_tells_them_apart() {
    let cache = Cache::in_memory();
    let (eu, us) = (Quotes::new(&cache, "eu"), Quotes::new(&cache, "us"));
    eu.latest("A").await.unwrap();
    us.latest("A").await.unwrap();
    assert_eq!((eu.source.calls(), us.source.calls()), (1, 0));
    assert_eq!(*eu.regional("A").await.unwrap(), "<euA>");
    assert_eq!(*us.regional("A").await.unwrap(), "<usA>");
    assert_eq!(us.regional_key("A"), "regional:us:A");
}

#[tokio::test]
async fn receiver_may_be_owned_or_shared_and_a_function_without_one_says_so() {
    let quotes = Quotes::new(&Cache::in_memory(), "eu");
    for _ in 0..2 {
        quotes.clone().owned("A").await.unwrap();
        Arc::new(quotes.clone()).shared("A").await.unwrap();
        Quotes::associated(&quotes, "A").await.unwrap();
    }
    assert_eq!(quotes.source.calls(), 3);
    assert!(Quotes::associated_evict(&quotes, "A").await.existed);
    assert_eq!(Quotes::associated_key("A"), "A");
}

#[tokio::test]
async fn body_has_a_say_through_the_context() {
    let quotes = Quotes::new(&Cache::in_memory(), "eu");
    for _ in 0..2 {
        let given: LoadResult<String, Down> = quotes.short().await;
        given.unwrap();
    }
    assert_eq!(quotes.source.calls(), 2);
}
