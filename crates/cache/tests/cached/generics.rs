//! Type parameters, constants and lifetimes.

use std::fmt::Display;

use serde::{Serialize, de::DeserializeOwned};
use stockpile_cache::{Cache, CacheValue, Json, Kind, cached};

use crate::world::{Down, Source, TEXT, world};

trait Table: Send + 'static {
    const NAME: &'static str;
}

struct Stocks;
struct Funds;

impl Table for Stocks {
    const NAME: &'static str = "stocks";
}
impl Table for Funds {
    const NAME: &'static str = "funds";
}

#[cached(cache = cache, kind = TEXT, key = "{T::NAME}:{id}:{N}", skip(source, I))]
async fn row<T: Table, I, const N: usize>(cache: &Cache, source: &Source, id: I) -> Result<String, Down>
where
    I: Display + Send + Sync + 'static,
{
    source.ask(&format!("{}{id}{N}", T::NAME)).await
}

#[tokio::test]
async fn parameters_in_the_key_tell_entries_apart() {
    let (cache, source) = world();
    assert_eq!(*row::<Stocks, _, 1>(&cache, &source, 1).await.unwrap(), "<stocks11>");
    assert_eq!(*row::<Funds, _, 1>(&cache, &source, 1).await.unwrap(), "<funds11>");
    assert_eq!(*row::<Funds, _, 2>(&cache, &source, 1).await.unwrap(), "<funds12>");
    assert_eq!(row::key::<Stocks, _, 2>("x"), "stocks:x:2");
    assert!(row::evict::<Funds, _, 2>(&cache, 1).await.existed);
    row::refresh::<Funds, _, 1>(&cache, &source, 1).await.unwrap();
    assert_eq!(source.calls(), 4);
}

/// A page of anything.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
struct Page<T>(Vec<T>);

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> CacheValue for Page<T> {
    type Codec = Json;
}

trait Listed: Sized + Serialize + DeserializeOwned + Send + Sync + 'static {
    const PAGE: Kind<Page<Self>>;
    fn at(number: u32) -> Self;
}

impl Listed for u32 {
    const PAGE: Kind<Page<Self>> = Kind::new("numbers");
    fn at(number: u32) -> Self {
        number
    }
}

impl Listed for String {
    const PAGE: Kind<Page<Self>> = Kind::new("strings");
    fn at(number: u32) -> Self {
        number.to_string()
    }
}

type Fallible<T> = Result<Page<T>, Down>;

#[cached(cache = cache, kind = T::PAGE, key = "{number}", skip(T))]
async fn page<T: Listed>(cache: &Cache, number: u32) -> Fallible<T> {
    assert!(cache.stats().in_flight > 0);
    Ok(Page(vec![T::at(number)]))
}

#[tokio::test]
async fn kind_may_depend_on_a_parameter() {
    let cache = Cache::in_memory();
    assert_eq!(*page::<u32>(&cache, 1).await.unwrap(), Page(vec![1]));
    assert_eq!(*page::<String>(&cache, 1).await.unwrap(), Page(vec!["1".to_owned()]));
    assert_eq!(cache.stats().l1_keys, 2);
}

struct Repository<S> {
    cache: Cache,
    source: S,
}

impl<S: Clone> Clone for Repository<S> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), source: self.source.clone() }
    }
}

trait Asked: Clone + Send + Sync + 'static {
    fn answer(&self, question: &str) -> impl Future<Output = Result<String, Down>> + Send;
}

impl Asked for Source {
    async fn answer(&self, question: &str) -> Result<String, Down> {
        self.ask(question).await
    }
}

impl<S: Asked> Repository<S> {
    #[cached(cache = self.cache, kind = TEXT, key = "{name}", skip(self))]
    async fn text(&self, name: &str) -> Result<String, Down> {
        self.source.answer(name).await
    }
}

#[tokio::test]
async fn method_of_a_generic_type_is_cached() {
    let (cache, source) = world();
    let repository = Repository { cache, source };
    for _ in 0..2 {
        assert_eq!(*repository.text("a").await.unwrap(), "<a>");
    }
    assert_eq!(repository.source.calls(), 1);
}
