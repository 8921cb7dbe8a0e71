//! `stockpile cache get`.

use std::io::{Write as _, stdout};

use anyhow::{Context as _, Result, bail};
use indicatif::HumanBytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use stockpile_cache::{Backend as _, Inspection, NotAnEntry, Refusal};

use super::{
    connection::Connection,
    key::{self, Owner},
    list::{millis, spoken},
};
use crate::{cli::Cli, exit::Exit, output::say};

/// Bytes shown of a value that is no JSON.
const HEAD: usize = 32;
/// The codec whose values are JSON.
const JSON: u8 = 1;

#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    state: &'static str,
    made_at: Timestamp,
    fresh_until: Timestamp,
    usable_until: Timestamp,
    load_took_ms: u64,
    negative: bool,
    tags: usize,
    etag: Option<&'a str>,
    codec: u8,
    payload_bytes: usize,
    /// The value when it is JSON.
    payload: Option<Value>,
    /// Its first bytes in hex when it is not.
    head: Option<String>,
}

/// Shows an entry.
pub(super) async fn get(cli: &Cli, connection: &Connection, key: &str, raw: bool) -> Result<Exit> {
    let key = key::read(&connection.namespace, key)?;
    let shown = key::show(key.as_str().as_bytes());
    let stored = match connection.backend.get(&key).await {
        Err(error) if error.refusal() == Some(Refusal::WrongType) => {
            bail!("`{shown}` holds something else than bytes: another program wrote it");
        }
        stored => stored.with_context(|| connection.silent())?,
    };
    let Some(stored) = stored else { bail!("`{shown}` is not there") };
    let entry = match Inspection::read(&key, &stored) {
        Ok(entry) => entry,
        Err(why) => {
            let what = match key::sort(&connection.namespace, key.as_str().as_bytes()).0 {
                Owner::Own => "a counter of the cache itself".to_owned(),
                // No cache has such a key, whatever its bytes look like.
                Owner::Foreign => NotAnEntry::Foreign.to_string(),
                Owner::Entry => why.to_string(),
            };
            if raw {
                write(&stored)?;
            }
            bail!("`{shown}`: {what}; {} that start with {}", HumanBytes(stored.len() as u64), hex(&stored));
        }
    };
    if raw {
        write(&entry.payload)?;
        return Ok(Exit::Ok);
    }
    let entry = describe(key.as_str(), &entry)?;
    if cli.json {
        return Ok(say(&serde_json::to_string(&entry)?));
    }
    Ok(text(&entry, &shown)?.iter().map(|line| say(line)).max().unwrap_or(Exit::Ok))
}

fn write(bytes: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("the value cannot be written")
}

fn describe<'a>(key: &'a str, entry: &'a Inspection) -> Result<Entry<'a>> {
    let at = |after: u64| {
        let millis = entry.born_ms.saturating_add(after);
        Timestamp::from_millisecond(i64::try_from(millis).unwrap_or(i64::MAX))
            .context("the entry has a time that no calendar has")
    };
    let (made_at, fresh_until) = (at(0)?, at(millis(entry.fresh_for))?);
    let usable_until = at(millis(entry.usable_for))?;
    let now = Timestamp::now();
    let payload = (entry.codec == JSON).then(|| serde_json::from_slice(&entry.payload).ok()).flatten();
    Ok(Entry {
        key,
        state: if now < fresh_until {
            "fresh"
        } else if now < usable_until {
            "stale"
        } else {
            "expired"
        },
        made_at,
        fresh_until,
        usable_until,
        load_took_ms: millis(entry.load_took),
        negative: entry.negative,
        tags: entry.tags,
        etag: entry.etag.as_deref(),
        codec: entry.codec,
        payload_bytes: entry.payload.len(),
        head: (payload.is_none() && !entry.payload.is_empty()).then(|| hex(&entry.payload)),
        payload,
    })
}

fn text(entry: &Entry<'_>, shown: &str) -> Result<Vec<String>> {
    let now = Timestamp::now();
    let away = |then: Timestamp| {
        let duration = now.duration_until(then);
        let span = spoken(duration.unsigned_abs());
        if duration.is_negative() {
            format!("{then:.0}, {span} ago")
        } else {
            format!("{then:.0}, in {span}")
        }
    };
    let codec = match entry.codec {
        0 => "bytes as they are".to_owned(),
        JSON => "JSON".to_owned(),
        2 => "MessagePack".to_owned(),
        other => format!("number {other}, of the program that wrote it"),
    };
    let mut lines = vec![
        format!("key       {shown}"),
        format!(
            "state     {}{}",
            entry.state,
            if entry.negative { ", says that there is nothing" } else { "" }
        ),
        format!("made      {}, in {} ms", away(entry.made_at), entry.load_took_ms),
        format!("fresh     until {}", away(entry.fresh_until)),
        format!("usable    until {}", away(entry.usable_until)),
        format!("tags      {}", entry.tags),
    ];
    if let Some(etag) = entry.etag {
        lines.push(format!("etag      {}", key::show(etag.as_bytes())));
    }
    lines.push(format!("codec     {codec}"));
    lines.push(format!("value     {}", HumanBytes(entry.payload_bytes as u64)));
    if let Some(value) = &entry.payload {
        lines.push(harmless(&serde_json::to_string_pretty(value)?));
    } else if let Some(head) = &entry.head {
        lines.push(format!("starts    {head}"));
        lines.push("          --raw writes all of it".to_owned());
    }
    Ok(lines)
}

/// Without what a terminal would act on. JSON escapes only some of it.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

fn hex(bytes: &[u8]) -> String {
    let mut text: Vec<String> = bytes.iter().take(HEAD).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > HEAD {
        text.push("…".to_owned());
    }
    text.join(" ")
}
