#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

#[cached(cache = cache, kind = TEXT, key = "{symbol}:{date}", skip(db))]
async fn quote(cache: &Cache, symbol: &str) -> Result<String, ()> {
    Ok(symbol.into())
}

#[cached(cache = cache, kind = TEXT, key = "{symbol}", skip(symbol))]
async fn both(cache: &Cache, symbol: &str) -> Result<String, ()> {
    Ok(symbol.into())
}

#[cached(cache = cache, kind = TEXT, key = "{symbol}", cx = context)]
async fn context(cache: &Cache, symbol: &str) -> Result<String, ()> {
    Ok(symbol.into())
}

#[cached(cache = cache, kind = TEXT, key = "{symbol}", tags = ["exchange:{exchange}"])]
async fn tag(cache: &Cache, symbol: &str) -> Result<String, ()> {
    Ok(symbol.into())
}

fn main() {}
