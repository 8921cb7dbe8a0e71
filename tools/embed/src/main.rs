//! `embed [ADDRESS] [PORT]`: serves on loopback, with a cache at `redis://127.0.0.1:6379` or, by default, in memory.

use std::{env, error::Error};

use embed::service::{Store, serve};
use stockpile_cache::Cache;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let cache = Cache::from_url(arguments.next().as_deref().unwrap_or("memory://"))?;
    let port = arguments.next().map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    serve(listener, cache, Store::default()).await?;
    Ok(())
}
