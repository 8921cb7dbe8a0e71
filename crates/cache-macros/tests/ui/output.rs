#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

struct Unknown;

#[cached(cache = cache, kind = TEXT, key = "all")]
async fn nothing(cache: &Cache) {}

#[cached(cache = cache, kind = TEXT, key = "all")]
async fn opaque(cache: &Cache) -> impl Send {
    String::new()
}

#[cached(cache = cache, kind = TEXT, key = "all")]
async fn no_value(cache: &Cache) -> Unknown {
    Unknown
}

#[cached(cache = cache, kind = TEXT, key = "all")]
async fn other_kind(cache: &Cache) -> Result<u32, ()> {
    Ok(1)
}

#[cached(cache = cache, kind = TEXT, key = "all")]
async fn error_of_one_thread(cache: &Cache) -> Result<String, std::rc::Rc<()>> {
    Ok(String::new())
}

#[cached(cache = cache, kind = TEXT, key = "all", skip(V))]
async fn generic_plain<V: stockpile_cache::CacheValue + Default>(cache: &Cache) -> V {
    V::default()
}

fn main() {}
