//! How deep a MessagePack value is nested. The decoder follows enums within enums however deep they are, and a stack that
//! ends ends the process.

/// Returns true when `bytes` are one value, nested no deeper than `most`, and nothing after it.
pub(super) fn is_one_value(bytes: &[u8], most: usize) -> bool {
    let mut rest = bytes;
    // How many values are still to come at each depth; the value itself is the first.
    let mut open = vec![1_u64];
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        match next(&mut rest) {
            None => return false,
            Some(0) => {}
            Some(_) if open.len() > most => return false,
            Some(values) => open.push(values),
        }
    }
    rest.is_empty()
}

/// Skips one value, or the head of a list or map; says how many values are in it. `None` where there is none.
fn next(rest: &mut &[u8]) -> Option<u64> {
    let marker = u64::from(take(rest, 1)?[0]);
    let (skip, values) = match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
        0x80..=0x8f => (0, 2 * (marker - 0x80)),
        0x90..=0x9f => (0, marker - 0x90),
        0xa0..=0xbf => (marker - 0xa0, 0),
        0xc4..=0xc6 => (number(rest, 1 << (marker - 0xc4))?, 0),
        // An extension has a type of one byte.
        0xc7..=0xc9 => (number(rest, 1 << (marker - 0xc7))? + 1, 0),
        0xca | 0xcb => (4 << (marker - 0xca), 0),
        0xcc..=0xcf => (1 << (marker - 0xcc), 0),
        0xd0..=0xd3 => (1 << (marker - 0xd0), 0),
        0xd4..=0xd8 => ((1 << (marker - 0xd4)) + 1, 0),
        0xd9..=0xdb => (number(rest, 1 << (marker - 0xd9))?, 0),
        0xdc | 0xdd => (0, number(rest, 2 << (marker - 0xdc))?),
        0xde | 0xdf => (0, 2 * number(rest, 2 << (marker - 0xde))?),
        // Never used by the format.
        _ => return None,
    };
    take(rest, skip)?;
    Some(values)
}

fn take<'a>(rest: &mut &'a [u8], size: u64) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(size).ok()?)?;
    *rest = left;
    Some(taken)
}

/// Reads a number of `size` bytes, 4 at most.
fn number(rest: &mut &[u8], size: u64) -> Option<u64> {
    Some(take(rest, size)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn value_of_every_size_is_measured_to_its_end() {
        for size in [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            let text = rmp_serde::to_vec_named(&"x".repeat(size)).unwrap();
            let list = rmp_serde::to_vec_named(&vec![7_u8; size]).unwrap();
            let map: BTreeMap<usize, ()> = (0..size).map(|key| (key, ())).collect();
            for bytes in [text, list, rmp_serde::to_vec_named(&map).unwrap()] {
                assert!(is_one_value(&bytes, 1), "{size}");
                assert!(!is_one_value(&bytes[..bytes.len() - 1], 1), "{size}");
                assert!(!is_one_value(&[&bytes, &[0][..]].concat(), 1), "{size}");
            }
        }
        for value in [i64::MIN, -70_000, -300, -100, -1, 0, 100, 200, 300, 70_000, i64::MAX] {
            assert!(is_one_value(&rmp_serde::to_vec_named(&value).unwrap(), 0), "{value}");
        }
        assert!(is_one_value(&rmp_serde::to_vec_named(&(1.5_f32, 2.5_f64, true, ())).unwrap(), 1));
        assert!(!is_one_value(&[], 1));
        assert!(!is_one_value(&[0xc1], 1));
    }

    #[test]
    fn extensions_are_skipped_whole() {
        for (marker, size) in [(0xd4, 1), (0xd5, 2), (0xd6, 4), (0xd7, 8), (0xd8, 16)] {
            let bytes = [vec![marker, 5], vec![9; size]].concat();
            assert!(is_one_value(&bytes, 0));
            assert!(!is_one_value(&bytes[..bytes.len() - 1], 0));
        }
        assert!(is_one_value(&[0xc7, 3, 5, 9, 9, 9], 0));
        assert!(is_one_value(&[0xc8, 0, 1, 5, 9], 0));
    }

    #[test]
    fn depth_is_that_of_lists_and_maps() {
        let nested = |depth: usize| [vec![0x91; depth], vec![0x07]].concat();
        assert!(is_one_value(&nested(5), 5));
        assert!(!is_one_value(&nested(6), 5));
        assert!(!is_one_value(&nested(10_000_000), 128));
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_one_value(
            numbers in prop::collection::vec(any::<Option<i64>>(), 0..40),
            texts in prop::collection::btree_map(".{0,40}", any::<Vec<f64>>(), 0..20),
        ) {
            let value: (Vec<Option<i64>>, BTreeMap<String, Vec<f64>>) = (numbers, texts);
            prop_assert!(is_one_value(&rmp_serde::to_vec_named(&value).unwrap(), 3));
        }

        #[test]
        fn what_the_decoder_reads_to_the_end_is_one_value(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut decoder = rmp_serde::Deserializer::new(&*bytes);
            let read = <Value as serde::Deserialize>::deserialize(&mut decoder).is_ok();
            if read && decoder.into_inner().is_empty() {
                prop_assert!(is_one_value(&bytes, 128));
            }
        }
    }
}
