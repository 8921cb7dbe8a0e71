#![allow(unused)]

use stockpile_cache::{Cache, Kind, cached};

const TEXT: Kind<String> = Kind::new("text");

struct Repository {
    cache: Cache,
}

impl Repository {
    #[cached(cache = self.cache, kind = TEXT, key = "all", skip(self))]
    async fn quote(&mut self) -> Result<String, ()> {
        Ok(String::new())
    }
}

#[cached(cache = cache, kind = TEXT, key = "all", skip(calls))]
async fn quote(cache: &Cache, calls: &mut u32) -> Result<String, ()> {
    *calls += 1;
    Ok(String::new())
}

fn main() {}
