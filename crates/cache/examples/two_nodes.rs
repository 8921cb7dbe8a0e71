//! Two caches over one backend: what one changes, the other drops.
//!
//! `cargo run -p stockpile-cache --features redis --example two_nodes [redis://127.0.0.1:6379/1]`
//! Without an address the backend and the bus live in this process.

use std::{env, error::Error, sync::Arc, time::Duration};

use stockpile_cache::{Cache, Kind, MemoryBackend, MemoryBus};

const PRICE: Kind<f64> = Kind::new("price").ttl(Duration::from_secs(60)).stale(Duration::from_secs(600));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (a, b) = nodes()?;
    // A bus tells nothing of what happened before it was heard.
    a.connect();
    b.connect();
    tokio::time::sleep(Duration::from_millis(200)).await;

    a.entry(&PRICE, "600519.SH").tags(["exchange:SH"]).set(1436.0).await;
    show("node A sets a price", &a, &b).await;

    b.entry(&PRICE, "600519.SH").tags(["exchange:SH"]).set(1437.5).await;
    show("node B sets another", &a, &b).await;

    a.remove_tag("exchange:SH").await;
    show("node A removes all of Shanghai", &a, &b).await;

    for node in [a, b] {
        node.shutdown(Duration::from_secs(1)).await;
    }
    Ok(())
}

fn nodes() -> Result<(Cache, Cache), stockpile_cache::Error> {
    if let Some(url) = env::args().nth(1) {
        let node = || Cache::builder().namespace("example").url(&url)?.build();
        return Ok((node()?, node()?));
    }
    let (backend, bus) = (Arc::new(MemoryBackend::new(1 << 20)), MemoryBus::new());
    let node = || Cache::builder().backend(backend.clone()).bus(Arc::new(bus.clone())).build();
    Ok((node()?, node()?))
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn show(what: &str, a: &Cache, b: &Cache) {
    // A message takes a moment.
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("{what}");
    for (name, node) in [("A", a), ("B", b)] {
        match node.entry(&PRICE, "600519.SH").with_outcome().get().await {
            Some((price, outcome)) => println!("  {name}: {price} from {:?}", outcome.tier()),
            None => println!("  {name}: nothing"),
        }
    }
}
