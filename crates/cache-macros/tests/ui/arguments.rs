#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

struct Handle;
struct Symbol;

#[cached(cache = cache, kind = TEXT, key = "all", skip(handle))]
async fn not_clone(cache: &Cache, handle: &Handle) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", skip(handle))]
async fn dynamic(cache: &Cache, handle: &(dyn Send + Sync)) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "{symbol}")]
async fn no_text(cache: &Cache, symbol: Symbol) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", skip(pair))]
async fn borrowed_inside(cache: &Cache, pair: (&str, u32)) -> Result<String, ()> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", skip(local))]
async fn of_one_thread(cache: &Cache, local: std::rc::Rc<u32>) -> Result<String, ()> {
    Ok(String::new())
}

struct Repository {
    cache: Cache,
}

impl Repository {
    #[cached(cache = self.cache, kind = TEXT, key = "all", skip(self))]
    async fn quote(&self) -> Result<String, ()> {
        Ok(String::new())
    }
}

fn main() {}
