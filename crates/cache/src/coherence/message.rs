//! What is said on the bus: one JSON object a message, so that an operator can read along.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Invalidation, RawKey, stamp::TagId};

/// Others are ignored.
pub(super) const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    #[serde(rename = "v")]
    version: u8,
    pub(super) from: u64,
    /// Counts the messages of a sender; one that only repeats it says that there was none since.
    #[serde(rename = "n")]
    pub(super) number: u64,
    #[serde(rename = "op")]
    pub(super) operation: Operation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// Somebody new listens.
    Hello,
    /// Nothing happened since.
    Beat,
    /// These keys, namespace included, hold something else now, or nothing.
    Changed(Vec<String>),
    /// Whatever matches this glob, namespace not included, was removed.
    Swept(String),
    /// The counter of a tag has a new value.
    Invalidated { tag: TagId, how: Invalidation, latest: u64, removed: u64 },
}

impl Operation {
    pub(crate) fn changed(key: &RawKey) -> Self {
        Self::Changed(vec![key.as_str().to_owned()])
    }
}

impl Message {
    pub(super) const fn new(from: u64, number: u64, operation: Operation) -> Self {
        Self { version: VERSION, from, number, operation }
    }

    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|message: &Self| message.version == VERSION)
    }

    pub(super) fn write(&self) -> Option<Bytes> {
        serde_json::to_vec(self).ok().map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_of_version_1_reads_as_it_always_did() {
        let text =
            r#"{"v":1,"from":7,"n":3,"op":{"invalidated":{"tag":9,"how":"remove","latest":5,"removed":5}}}"#;
        let operation =
            Operation::Invalidated { tag: TagId(9), how: Invalidation::Remove, latest: 5, removed: 5 };
        let message = Message::new(7, 3, operation);
        assert_eq!(Message::read(&Bytes::from_static(text.as_bytes())), Some(message.clone()));
        assert_eq!(message.write().unwrap(), text);
    }

    #[test]
    fn garbage_and_other_versions_are_not_read() {
        for text in
            ["", "{", r#"{"v":2,"from":7,"n":3,"op":"beat"}"#, r#"{"v":1,"from":7,"n":3,"op":"dance"}"#]
        {
            assert_eq!(Message::read(&Bytes::from_static(text.as_bytes())), None, "{text}");
        }
    }
}
