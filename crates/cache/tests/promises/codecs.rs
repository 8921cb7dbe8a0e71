//! What becomes of stored values when their type changes, and of codecs that fail.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stockpile_cache::{CacheValue, Codec, Json, Kind, MsgPack, Shared, Source, Stored};

use crate::kit::{Rig, SECOND};

/// Types and the codec they are stored with.
macro_rules! stored {
    ($codec:ty: $($value:ty),+) => { $(impl CacheValue for $value { type Codec = $codec; })+ };
}

/// A quote of every release, in one codec.
macro_rules! releases {
    ($module:ident, $codec:ty) => {
        mod $module {
            use super::*;

            #[derive(Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct First {
                pub(super) close: f64,
                pub(super) volume: u64,
            }

            #[derive(Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct Reordered {
                pub(super) volume: u64,
                pub(super) close: f64,
            }

            #[derive(Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct Grown {
                pub(super) close: f64,
                pub(super) volume: u64,
                pub(super) source: Option<String>,
                #[serde(default)]
                pub(super) lots: u32,
            }

            #[derive(Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct Shrunk {
                pub(super) close: f64,
            }

            #[derive(Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct Renamed {
                pub(super) last: f64,
                pub(super) volume: u64,
            }

            #[derive(Debug, PartialEq, Serialize, Deserialize)]
            pub(super) struct Retyped {
                pub(super) close: String,
                pub(super) volume: u64,
            }

            stored!($codec: First, Reordered, Grown, Shrunk, Renamed, Retyped);

            pub(super) const FIRST: First = First { close: 1688.5, volume: 7 };

            async fn reads<V: CacheValue>(number: u32) -> (Option<Shared<V>>, u64) {
                let rig = Rig::remote();
                rig.cache.set(&Kind::<First>::new("quote"), "k", FIRST).await;
                let value = rig.cache.get(&Kind::<V>::new("quote").schema(number), "k").await;
                (value, rig.cache.stats().kind("quote").rejected)
            }

            #[tokio::test]
            async fn fields_that_moved_came_or_went_read_by_the_defaults_of_serde() {
                let (value, rejected) = reads::<Reordered>(0).await;
                assert_eq!((value.as_deref(), rejected), (Some(&Reordered { volume: 7, close: 1688.5 }), 0));
                let (value, rejected) = reads::<Grown>(0).await;
                let grown = Grown { close: 1688.5, volume: 7, source: None, lots: 0 };
                assert_eq!((value.as_deref(), rejected), (Some(&grown), 0));
                let (value, rejected) = reads::<Shrunk>(0).await;
                assert_eq!((value.as_deref(), rejected), (Some(&Shrunk { close: 1688.5 }), 0));
            }

            #[tokio::test]
            async fn fields_with_another_name_or_type_are_a_miss() {
                assert_eq!(reads::<Renamed>(0).await, (None, 1));
                assert_eq!(reads::<Retyped>(0).await, (None, 1));
            }

            #[tokio::test]
            async fn another_schema_number_is_a_miss_even_for_the_same_type() {
                assert_eq!(reads::<First>(0).await, (Some(Arc::new(FIRST)), 0));
                assert_eq!(reads::<First>(1).await, (None, 1));
            }
        }
    };
}

releases!(json, Json);
releases!(msgpack, MsgPack);

#[tokio::test]
async fn value_that_no_longer_decodes_is_loaded_and_replaced() {
    let rig = Rig::remote();
    rig.cache.set(&Kind::<msgpack::First>::new("quote"), "k", msgpack::FIRST).await;
    let kind = Kind::<msgpack::Renamed>::new("quote");
    let load = |_| async { Ok::<_, ()>(msgpack::Renamed { last: 2.0, volume: 1 }) };
    assert_eq!(rig.cache.entry(&kind, "k").get_or_load(load).await.unwrap().last, 2.0);
    tokio::task::yield_now().await;
    assert_eq!(rig.cache.get(&kind, "k").await.unwrap().last, 2.0);
}

#[tokio::test]
async fn same_type_in_another_codec_is_a_miss() {
    let rig = Rig::remote();
    rig.cache.set(&Kind::<json::First>::new("quote"), "k", json::FIRST).await;
    assert_eq!(rig.cache.get(&Kind::<msgpack::First>::new("quote"), "k").await, None);
    assert_eq!(rig.cache.stats().kind("quote").rejected, 1);
}

#[tokio::test]
async fn lists_and_maps_of_a_type_have_its_codec() {
    let rig = Rig::remote();
    let kind = Kind::<Vec<msgpack::First>>::new("quotes");
    rig.cache.set(&kind, "k", vec![msgpack::FIRST, msgpack::FIRST]).await;
    assert_eq!(rig.cache.get(&kind, "k").await.unwrap().len(), 2);
    let absent = Kind::<Option<msgpack::First>>::new("quote?").negative(SECOND);
    rig.cache.set(&absent, "k", None).await;
    assert_eq!(rig.cache.get(&absent, "k").await, Some(Arc::new(None)));
    rig.clock.advance(SECOND);
    assert_eq!(rig.cache.get(&absent, "k").await, None, "as short-lived as its kind says");
}

/// What its codec does with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Mood {
    Calm,
    FailsToEncode,
    PanicsToEncode,
    PanicsToDecode,
}

impl CacheValue for Mood {
    type Codec = Moody;
}

struct Moody;

impl<V: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static> Codec<V> for Moody
where
    V: Into<Mood>,
{
    type Shared = Arc<V>;
    const ID: u8 = 7;

    fn share(value: V) -> Arc<V> {
        Arc::new(value)
    }

    fn encode(value: &Arc<V>) -> Result<Bytes, Source> {
        match V::clone(value).into() {
            Mood::FailsToEncode => Err("as told".into()),
            Mood::PanicsToEncode => panic!("as told"),
            Mood::Calm | Mood::PanicsToDecode => <Json as Codec<V>>::encode(value),
        }
    }

    fn decode(payload: Bytes) -> Result<Arc<V>, Source> {
        let value = <Json as Codec<V>>::decode(payload)?;
        assert!(V::clone(&value).into() != Mood::PanicsToDecode, "as told");
        Ok(value)
    }

    fn weight(value: &Arc<V>) -> Result<usize, Source> {
        Self::encode(value).map(|bytes| bytes.len())
    }
}

const MOOD: Kind<Mood> = Kind::new("mood");

#[tokio::test]
async fn value_that_cannot_be_encoded_takes_the_old_one_out_of_both_tiers() {
    for mood in [Mood::FailsToEncode, Mood::PanicsToEncode] {
        let rig = Rig::tiered();
        rig.cache.set(&MOOD, "k", Mood::Calm).await;
        let written = rig.cache.set(&MOOD, "k", mood).await;
        assert_eq!((written.l1, written.l2), (Stored::Skipped, Stored::Skipped));
        assert_eq!(rig.cache.get(&MOOD, "k").await, None);
        assert_eq!(rig.node().get(&MOOD, "k").await, None);
        assert_eq!(rig.cache.stats().kind("mood").not_stored, 1);
    }
}

#[tokio::test]
async fn value_that_cannot_be_encoded_is_given_to_its_callers() {
    for rig in [Rig::local(), Rig::tiered()] {
        for mood in [Mood::FailsToEncode, Mood::PanicsToEncode] {
            let load = move |_| async move { Ok::<_, ()>(mood) };
            assert_eq!(*rig.cache.entry(&MOOD, "k").get_or_load(load).await.unwrap(), mood);
            assert_eq!(rig.cache.get(&MOOD, "k").await, None);
        }
        assert_eq!(rig.cache.stats().kind("mood").not_stored, 2);
    }
}

#[tokio::test]
async fn codec_that_panics_at_stored_bytes_is_a_miss() {
    let rig = Rig::tiered();
    rig.cache.set(&MOOD, "k", Mood::PanicsToDecode).await;
    let other = rig.node();
    assert_eq!(other.get(&MOOD, "k").await, None);
    let load = |_| async { Ok::<_, ()>(Mood::Calm) };
    assert_eq!(*other.entry(&MOOD, "k").get_or_load(load).await.unwrap(), Mood::Calm);
    assert_eq!(other.stats().kind("mood").rejected, 2);
}
