#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

#[cached(kind = TEXT, key = "all")]
async fn no_cache() -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, key = "all")]
async fn no_kind(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT)]
async fn no_key(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", ttl_secs = 5)]
async fn unknown(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", key = "one")]
async fn twice(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = "text", key = "all")]
async fn kind_by_name(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", ttl = "5 fortnights")]
async fn odd_unit(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", ttl = 5)]
async fn no_unit(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all")]
struct NoFunction;

fn main() {}
