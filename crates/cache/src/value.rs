use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    io,
    sync::Arc,
};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::Source;

#[cfg(feature = "msgpack")]
mod msgpack;

#[cfg(feature = "msgpack")]
pub use self::msgpack::MsgPack;

/// A type that can be cached. For a type with serde, one line:
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use stockpile_cache::{CacheValue, Json};
///
/// #[derive(Serialize, Deserialize)]
/// struct Quote { close: f64 }
///
/// impl CacheValue for Quote { type Codec = Json; }
/// ```
pub trait CacheValue: Sized + Send + Sync + 'static {
    /// How values become bytes, and what a hit hands out: [`Json`] gives `Arc<Self>`, [`Raw`] gives `Bytes`. With the
    /// feature `msgpack` there is `MsgPack`, which gives `Arc<Self>` too.
    type Codec: Codec<Self>;

    /// Returns true for a value that says there is nothing; it gets the negative time to live of its kind and no
    /// stale window. An empty list is something; `None` is nothing.
    fn is_absent(&self) -> bool {
        false
    }
}

/// What a hit on a `V` hands out: a `Bytes`, or an `Arc<V>`. Cloning it copies no data.
pub type Shared<V> = <<V as CacheValue>::Codec as Codec<V>>::Shared;

/// How values of type `V` become bytes for a backend and come back.
pub trait Codec<V>: 'static {
    /// What a hit hands out.
    type Shared: SharedValue;

    /// A number stored with every entry. 0 to 3 are taken by this crate, 4 to 7 are free.
    const ID: u8;

    /// Makes a value shareable.
    fn share(value: V) -> Self::Shared;

    /// Encodes a value.
    ///
    /// # Errors
    ///
    /// Whatever the encoder reports; the value is then not stored, and the caller gets it all the same.
    fn encode(value: &Self::Shared) -> Result<Bytes, Source>;

    /// Decodes what [`encode`](Self::encode) made. Bytes from elsewhere must give an error, not a panic.
    ///
    /// # Errors
    ///
    /// Whatever the decoder reports; the entry is then a miss.
    fn decode(payload: Bytes) -> Result<Self::Shared, Source>;

    /// Estimates the bytes a value takes in memory.
    ///
    /// # Errors
    ///
    /// Whatever the encoder reports, when the estimate needs one; the value is then not stored.
    fn weight(value: &Self::Shared) -> Result<usize, Source>;
}

/// Bytes as they are: nothing is encoded, a hit is one more reference to the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Raw;

impl CacheValue for Bytes {
    type Codec = Raw;
}

impl Codec<Bytes> for Raw {
    type Shared = Bytes;
    const ID: u8 = 0;

    fn share(value: Bytes) -> Bytes {
        value
    }

    fn encode(value: &Bytes) -> Result<Bytes, Source> {
        Ok(value.clone())
    }

    fn decode(payload: Bytes) -> Result<Bytes, Source> {
        Ok(payload)
    }

    fn weight(value: &Bytes) -> Result<usize, Source> {
        Ok(value.len())
    }
}

/// JSON through serde, readable in the store; decoded once, then shared as `Arc`.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Codec<V> for Json {
    type Shared = Arc<V>;
    const ID: u8 = 1;

    fn share(value: V) -> Arc<V> {
        Arc::new(value)
    }

    fn encode(value: &Arc<V>) -> Result<Bytes, Source> {
        Ok(serde_json::to_vec(&**value)?.into())
    }

    fn decode(payload: Bytes) -> Result<Arc<V>, Source> {
        Ok(Arc::new(serde_json::from_slice(&payload)?))
    }

    fn weight(value: &Arc<V>) -> Result<usize, Source> {
        let mut counter = Counter(size_of::<V>());
        serde_json::to_writer(&mut counter, &**value)?;
        Ok(counter.0)
    }
}

/// Counts what is written to it.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

macro_rules! json_values {
    ($($value:ty),+ $(,)?) => { $(impl CacheValue for $value { type Codec = Json; })+ };
}

json_values!(bool, i32, i64, u32, u64, f64, String, serde_json::Value);

impl<V> CacheValue for Vec<V>
where
    V: CacheValue<Codec: Codec<Self>>,
{
    type Codec = V::Codec;
}

impl<V> CacheValue for BTreeMap<String, V>
where
    V: CacheValue<Codec: Codec<Self>>,
{
    type Codec = V::Codec;
}

impl<V> CacheValue for HashMap<String, V>
where
    V: CacheValue<Codec: Codec<Self>>,
{
    type Codec = V::Codec;
}

impl<V> CacheValue for Option<V>
where
    V: CacheValue<Codec: Codec<Self>>,
{
    type Codec = V::Codec;

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// A form in which a value is held in process: `Bytes` or `Arc<V>`, nothing else.
pub trait SharedValue: Clone + Send + Sync + 'static + sealed::Held {}

impl SharedValue for Bytes {}
impl<V: Send + Sync + 'static> SharedValue for Arc<V> {}

/// What the in-process tier holds; the bytes of a body without one more box around them.
#[derive(Clone)]
pub(crate) enum Slab {
    Bytes(Bytes),
    Value(Arc<dyn Any + Send + Sync>),
}

mod sealed {
    use super::{Any, Arc, Bytes, Slab};

    pub trait Held: Sized {
        #[expect(private_interfaces, reason = "never called from outside")]
        fn into_slab(self) -> Slab;
        #[expect(private_interfaces, reason = "never called from outside")]
        fn from_slab(slab: &Slab) -> Option<Self>;
    }

    #[expect(private_interfaces, reason = "never called from outside")]
    impl Held for Bytes {
        fn into_slab(self) -> Slab {
            Slab::Bytes(self)
        }

        #[inline]
        fn from_slab(slab: &Slab) -> Option<Self> {
            match slab {
                Slab::Bytes(bytes) => Some(bytes.clone()),
                Slab::Value(_) => None,
            }
        }
    }

    #[expect(private_interfaces, reason = "never called from outside")]
    impl<V: Any + Send + Sync> Held for Arc<V> {
        fn into_slab(self) -> Slab {
            Slab::Value(self)
        }

        #[inline]
        fn from_slab(slab: &Slab) -> Option<Self> {
            match slab {
                Slab::Bytes(_) => None,
                Slab::Value(value) => Arc::clone(value).downcast().ok(),
            }
        }
    }
}

pub(crate) use sealed::Held;
