mod nesting;

use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, Counter};
use crate::Source;

/// How deep stored values may be nested; deeper ones might exhaust the stack of a thread. As in `serde_json`.
const DEPTH: usize = 128;

/// MessagePack through serde, with the names of fields; decoded once, then shared as `Arc`.
///
/// Smaller than [`Json`](super::Json), and it keeps what JSON has no form for: infinities, NaN, bytes.
#[derive(Clone, Copy, Debug)]
pub struct MsgPack;

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Codec<V> for MsgPack {
    type Shared = Arc<V>;
    const ID: u8 = 2;

    fn share(value: V) -> Arc<V> {
        Arc::new(value)
    }

    fn encode(value: &Arc<V>) -> Result<Bytes, Source> {
        Ok(rmp_serde::to_vec_named(&**value)?.into())
    }

    fn decode(payload: Bytes) -> Result<Arc<V>, Source> {
        if !nesting::is_one_value(&payload, DEPTH) {
            return Err("not one value, or nested too deep".into());
        }
        Ok(Arc::new(rmp_serde::from_slice(&payload)?))
    }

    fn weight(value: &Arc<V>) -> Result<usize, Source> {
        let mut counter = Counter(size_of::<V>());
        rmp_serde::encode::write_named(&mut counter, &**value)?;
        Ok(counter.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Tree {
        Leaf,
        Node(Box<Self>),
    }

    fn nested(depth: usize) -> Arc<Tree> {
        Arc::new((0..depth).fold(Tree::Leaf, |inner, _| Tree::Node(Box::new(inner))))
    }

    fn read<V: Serialize + DeserializeOwned + Send + Sync + 'static>(bytes: &[u8]) -> Result<Arc<V>, Source> {
        MsgPack::decode(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn numbers_json_has_no_form_for_come_back() {
        let value = Arc::new(vec![f64::INFINITY, -0.0, f64::MIN_POSITIVE]);
        assert_eq!(read::<Vec<f64>>(&MsgPack::encode(&value).unwrap()).unwrap(), value);
        let nan = MsgPack::encode(&Arc::new(f64::NAN)).unwrap();
        assert!(read::<f64>(&nan).unwrap().is_nan());
    }

    #[test]
    fn value_nested_too_deep_is_an_error_not_the_end_of_the_stack() {
        let value = nested(50);
        assert_eq!(read::<Tree>(&MsgPack::encode(&value).unwrap()).unwrap(), value);
        assert!(read::<Tree>(&MsgPack::encode(&nested(1000)).unwrap()).is_err());
        // A million variants within each other.
        let hostile = [[0x81, 0xa4].as_slice(), b"Node"].concat().repeat(1_000_000);
        assert!(read::<Tree>(&hostile).is_err());
    }

    #[test]
    fn bytes_after_the_value_are_an_error() {
        let mut bytes = MsgPack::encode(&Arc::new(7_u32)).unwrap().to_vec();
        bytes.push(0);
        assert!(read::<u32>(&bytes).is_err());
    }

    #[test]
    fn length_beyond_the_end_is_an_error_and_allocates_nothing_like_it() {
        // A string, a list and bytes of 4 GiB each.
        for bytes in
            [[0xdb, 255, 255, 255, 255, 1], [0xdd, 255, 255, 255, 255, 1], [0xc6, 255, 255, 255, 255, 1]]
        {
            assert!(read::<String>(&bytes).is_err());
            assert!(read::<Vec<u64>>(&bytes).is_err());
            assert!(read::<serde_json::Value>(&bytes).is_err());
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read::<Tree>(&bytes);
            let _ = read::<serde_json::Value>(&bytes);
            let _ = read::<std::collections::BTreeMap<String, Vec<Option<f64>>>>(&bytes);
        }
    }
}
