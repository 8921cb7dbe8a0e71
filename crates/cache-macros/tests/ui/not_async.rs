#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

#[cached(cache = cache, kind = TEXT, key = "{symbol}")]
fn quote(cache: &Cache, symbol: &str) -> Result<String, ()> {
    Ok(symbol.into())
}

#[cached(cache = cache, kind = TEXT, key = "all")]
async unsafe fn quote_of_all(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all")]
async extern "C" fn foreign(cache: &Cache) -> Result<String, ()> {
    Ok(String::new())
}

fn main() {}
