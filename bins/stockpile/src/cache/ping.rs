//! `stockpile cache ping`.

use anyhow::Result;
use serde_json::json;

use super::connection::Connection;
use crate::{cli::Cli, exit::Exit, output::say};

/// Says whether the cache answers, and how fast.
pub(super) async fn ping(cli: &Cli, connection: &Connection) -> Result<Exit> {
    // The first one also connects, and says nothing about the way there and back.
    let answer = match connection.ping().await {
        Ok(_) => connection.ping().await,
        failed => failed,
    };
    match answer {
        Ok(took) if cli.json => Ok(say(&json!({
            "cache": connection.name,
            "ok": true,
            "round_trip_us": u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        })
        .to_string())),
        Ok(took) => Ok(say(&format!("{} answers in {:.3} ms", connection.name, took.as_secs_f64() * 1000.0))),
        Err(error) => {
            if cli.json {
                let line = json!({"cache": connection.name, "ok": false, "error": format!("{error:#}")});
                say(&line.to_string());
            }
            Err(error)
        }
    }
}
