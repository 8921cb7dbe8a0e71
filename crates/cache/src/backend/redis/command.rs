//! The commands that are sent. One form for all of them honours timeouts and needs no part of the driver but its core.

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use fred::{
    types::{ClusterHash, CustomCommand, Value},
    util::redis_keyslot,
};

use crate::{Lifetime, RawKey};

pub(super) struct Command {
    pub(super) name: CustomCommand,
    pub(super) args: Vec<Value>,
}

/// A command whose first argument is its key.
fn of_key(name: &'static str, args: Vec<Value>) -> Command {
    Command { name: CustomCommand::new_static(name, ClusterHash::FirstKey, false), args }
}

fn of_any_node(name: &'static str, args: Vec<Value>) -> Command {
    Command { name: CustomCommand::new_static(name, ClusterHash::Random, false), args }
}

fn key(key: &RawKey) -> Value {
    Value::Bytes(Bytes::copy_from_slice(key.as_str().as_bytes()))
}

fn word(word: &'static str) -> Value {
    Value::Bytes(Bytes::from_static(word.as_bytes()))
}

fn decimal(number: u64) -> Value {
    Value::Bytes(number.to_string().into())
}

pub(super) fn get(name: &RawKey) -> Command {
    of_key("GET", vec![key(name)])
}

pub(super) fn get_all(names: &[RawKey]) -> Command {
    of_key("MGET", names.iter().map(key).collect())
}

pub(super) fn set(name: &RawKey, value: Bytes, lifetime: Lifetime) -> Command {
    of_key("SET", vec![key(name), Value::Bytes(value), word("PX"), decimal(lifetime.as_millis())])
}

pub(super) fn set_absent(name: &RawKey, token: u128, lifetime: Lifetime) -> Command {
    let token = Value::Bytes(token.to_string().into());
    of_key("SET", vec![key(name), token, word("NX"), word("PX"), decimal(lifetime.as_millis())])
}

pub(super) fn unlink(name: &RawKey) -> Command {
    of_key("UNLINK", vec![key(name)])
}

/// Keys as the server listed them; they need not be text.
pub(super) fn unlink_stored(names: Vec<Bytes>) -> Command {
    of_key("UNLINK", names.into_iter().map(Value::Bytes).collect())
}

pub(super) fn lifetime_of(name: Bytes) -> Command {
    of_key("PTTL", vec![Value::Bytes(name)])
}

pub(super) fn size_of(name: Bytes) -> Command {
    of_key("MEMORY USAGE", vec![Value::Bytes(name)])
}

pub(super) fn scan(cursor: &str, glob: &str, count: usize) -> Command {
    let text = |text: &str| Value::Bytes(Bytes::copy_from_slice(text.as_bytes()));
    let args = vec![text(cursor), word("MATCH"), text(glob), word("COUNT"), decimal(count as u64)];
    of_any_node("SCAN", args)
}

pub(super) fn info(section: &'static str) -> Command {
    of_any_node("INFO", vec![word(section)])
}

pub(super) fn ping() -> Command {
    of_any_node("PING", Vec::new())
}

pub(super) fn publish(channel: &str, message: Bytes) -> Command {
    let channel = Value::Bytes(Bytes::copy_from_slice(channel.as_bytes()));
    of_any_node("PUBLISH", vec![channel, Value::Bytes(message)])
}

/// A script over one key. The driver would take the script for the key, so it is told the key's slot.
pub(super) fn script(text: &'static str, name: &RawKey, more: impl IntoIterator<Item = Value>) -> Command {
    let mut args = vec![word(text), word("1"), key(name)];
    args.extend(more);
    let slot = redis_keyslot(name.as_str().as_bytes());
    Command { name: CustomCommand::new_static("EVAL", ClusterHash::Custom(slot), false), args }
}

/// Nobody else has this number: the standard library's hashers are keyed by the system's randomness.
pub(super) fn random_token() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(0));
    (half() << 64) | half()
}
