#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

#[cached(cache = cache, kind = TEXT, key = "{a}{b}")]
async fn joined(cache: &Cache, a: u32, b: u32) -> Result<String, ()> {
    Ok(format!("{a}{b}"))
}

#[cached(cache = cache, kind = TEXT, key = "{a}-{b}")]
async fn dashed(cache: &Cache, a: &str, b: &str) -> Result<String, ()> {
    Ok(format!("{a}{b}"))
}

#[cached(cache = cache, kind = TEXT, key = "{a:?}")]
async fn debug(cache: &Cache, a: u32) -> Result<String, ()> {
    Ok(format!("{a}"))
}

#[cached(cache = cache, kind = TEXT, key = "{a:.2}")]
async fn format_spec(cache: &Cache, a: f64) -> Result<String, ()> {
    Ok(format!("{a}"))
}

#[cached(cache = cache, kind = TEXT, key = "{a")]
async fn open(cache: &Cache, a: u32) -> Result<String, ()> {
    Ok(format!("{a}"))
}

#[cached(cache = cache, kind = TEXT, key = "a}")]
async fn closed(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "{}")]
async fn positional(cache: &Cache, a: u32) -> Result<String, ()> {
    Ok(format!("{a}"))
}

#[cached(cache = cache, kind = TEXT, key = "{a + 1}")]
async fn expression(cache: &Cache, a: u32) -> Result<String, ()> {
    Ok(format!("{a}"))
}

#[cached(cache = cache, kind = TEXT, key = "")]
async fn empty(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

fn main() {}
