#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

#[cached(cache = cache, kind = TEXT, key = "{symbol}")]
async fn quote(cache: &Cache, symbol: &str, day: u32, (a, b): (u8, u8)) -> Result<String, ()> {
    Ok(format!("{symbol}{day}{a}{b}"))
}

struct Repository {
    cache: Cache,
}

impl Repository {
    #[cached(cache = self.cache, kind = TEXT, key = "{symbol}")]
    async fn quote(&self, symbol: &str) -> Result<String, ()> {
        Ok(symbol.into())
    }
}

#[cached(cache = cache, kind = TEXT, key = "{symbol}")]
async fn generic<T: Default, const N: usize>(cache: &Cache, symbol: &str) -> Result<String, ()> {
    Ok(symbol.into())
}

#[cached(cache = cache, kind = TEXT, key = "all")]
async fn nameless(cache: &Cache, _: u32) -> Result<String, ()> {
    Ok(String::new())
}

fn main() {}
