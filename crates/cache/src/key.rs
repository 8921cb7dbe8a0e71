use std::{borrow::Cow, fmt, sync::Arc};

use quick_cache::Equivalent;

use crate::{Error, Result, kind::name_hash};

/// The first part of every key a cache writes, so that several can share one store.
///
/// `stock:` and `stock` name the same namespace: the separator is added once, whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Checks and keeps a name.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when nothing is left after the closing separator is taken off.
    pub fn new(name: &str) -> Result<Self> {
        let name = name.strip_suffix(':').unwrap_or(name);
        if name.is_empty() {
            return Err(Error::Setting { setting: "namespace", reason: "must not be empty" });
        }
        Ok(Self(format!("{}:", escape(name)).into()))
    }

    /// Returns what the keys of this namespace start with, separator included.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// Takes a whole key apart into kind and key; `None` when it is of another namespace.
    #[must_use]
    pub fn split<'a>(&self, raw: &'a str) -> Option<(Cow<'a, str>, &'a str)> {
        let (kind, key) = raw.strip_prefix(&*self.0)?.split_once(':')?;
        Some((unescape(kind), key))
    }
}

impl Default for Namespace {
    /// `cache:`, for a cache that shares its store with nobody.
    fn default() -> Self {
        Self("cache:".into())
    }
}

/// A key as the backend sees it: `namespace:kind:key`.
///
/// `:` and `%` are percent-escaped in the first two parts. The last one runs to the end as it was given, so it
/// needs no escape: two different triples never give one key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawKey(Arc<str>);

impl RawKey {
    /// Joins the three parts.
    #[must_use]
    pub fn new(namespace: &Namespace, kind: &str, key: &str) -> Self {
        let kind = escape(kind);
        let mut text = String::with_capacity(namespace.0.len() + kind.len() + 1 + key.len());
        text.push_str(namespace.prefix());
        text.push_str(&kind);
        text.push(':');
        text.push_str(key);
        Self(text.into())
    }

    /// Takes a key as it is stored, whoever wrote it; `None` when it lies outside of the namespace.
    #[must_use]
    pub fn stored(namespace: &Namespace, text: &str) -> Option<Self> {
        text.starts_with(namespace.prefix()).then(|| Self(text.into()))
    }

    /// A key no entry has: it lies outside of every namespace.
    pub(crate) fn reserved(name: &str) -> Self {
        Self(format!("~{name}").into())
    }

    /// A key of the cache itself: no kind has an empty name, so no entry has it.
    pub(crate) fn own(namespace: &Namespace, name: &str) -> Self {
        Self::new(namespace, "", name)
    }

    /// Returns the whole key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawKey({:?})", &*self.0)
    }
}

impl fmt::Display for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(part: &str) -> Cow<'_, str> {
    if part.contains([':', '%']) {
        Cow::Owned(part.replace('%', "%25").replace(':', "%3A"))
    } else {
        Cow::Borrowed(part)
    }
}

fn unescape(part: &str) -> Cow<'_, str> {
    if part.contains('%') {
        Cow::Owned(part.replace("%3A", ":").replace("%25", "%"))
    } else {
        Cow::Borrowed(part)
    }
}

/// A key inside one cache: the namespace is the cache itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryKey {
    kind: &'static str,
    key: Box<str>,
}

/// The borrowed form, so that a look-up allocates nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryRef<'a> {
    pub(crate) id: u64,
    pub(crate) kind: &'static str,
    pub(crate) key: &'a str,
}

impl EntryRef<'_> {
    pub(crate) fn to_owned(self) -> EntryKey {
        EntryKey { kind: self.kind, key: self.key.into() }
    }
}

impl EntryKey {
    pub(crate) fn new(kind: &'static str, key: &str) -> Self {
        Self { kind, key: key.into() }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.key
    }

    pub(crate) fn len(&self) -> usize {
        self.key.len()
    }

    pub(crate) fn raw(&self, namespace: &Namespace) -> RawKey {
        RawKey::new(namespace, self.kind, &self.key)
    }
}

impl std::hash::Hash for EntryKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        EntryRef { id: name_hash(self.kind), kind: self.kind, key: &self.key }.hash(state);
    }
}

impl std::hash::Hash for EntryRef<'_> {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The number stands for the kind's name, which is compared, not hashed.
        state.write(self.key.as_bytes());
        state.write_u64(self.id);
    }
}

impl Equivalent<EntryKey> for EntryRef<'_> {
    #[inline]
    fn equivalent(&self, other: &EntryKey) -> bool {
        *self.key == *other.key && same_name(self.kind, other.kind)
    }
}

/// Compares names of kinds, which mostly are the same constant.
#[inline]
pub(crate) fn same_name(a: &'static str, b: &'static str) -> bool {
    std::ptr::eq(a, b) || a == b
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(namespace: &str, kind: &str, key: &str) -> String {
        RawKey::new(&Namespace::new(namespace).unwrap(), kind, key).to_string()
    }

    #[test]
    fn namespace_is_applied_once_with_or_without_its_separator() {
        assert_eq!(raw("stock:", "quote", "600519.SH"), "stock:quote:600519.SH");
        assert_eq!(raw("stock", "quote", "600519.SH"), "stock:quote:600519.SH");
    }

    #[test]
    fn key_may_hold_separators_and_stays_readable() {
        assert_eq!(raw("stock:", "daily", "600519.SH:20240102"), "stock:daily:600519.SH:20240102");
    }

    #[test]
    fn namespace_that_starts_with_another_shares_nothing_with_it() {
        assert_ne!(raw("stock:", "x", "a:k"), raw("stock:x:", "a", "k"));
        assert!(!raw("stock:x:", "a", "k").starts_with(Namespace::new("stock:").unwrap().prefix()));
    }

    #[test]
    fn empty_namespace_is_a_configuration_mistake() {
        assert!(matches!(Namespace::new(":"), Err(Error::Setting { setting: "namespace", .. })));
    }

    #[test]
    fn a_stored_key_is_taken_as_it_is_and_only_inside_its_namespace() {
        let namespace = Namespace::new("stock").unwrap();
        let made = RawKey::new(&namespace, "a:b", "c%:d");
        assert_eq!(RawKey::stored(&namespace, made.as_str()), Some(made));
        assert_eq!(RawKey::stored(&namespace, "stock:foreign").unwrap().as_str(), "stock:foreign");
        for outside in ["", "stock", "stocks:a:b", "cache:stock:a"] {
            assert_eq!(RawKey::stored(&namespace, outside), None, "{outside}");
        }
    }

    proptest! {
        #[test]
        fn distinct_triples_never_collide(
            a in ("[a:%3A25]{1,4}[a%]", "[a:%3A25]{0,4}", "[a:%3A25]{0,4}"),
            b in ("[a:%3A25]{1,4}[a%]", "[a:%3A25]{0,4}", "[a:%3A25]{0,4}"),
        ) {
            prop_assert_eq!(a == b, raw(&a.0, &a.1, &a.2) == raw(&b.0, &b.1, &b.2));
        }

        #[test]
        fn a_key_comes_apart_as_it_was_put_together(kind in "[a:%3A25]{1,6}", key in "[a:%3A25]{0,6}") {
            let namespace = Namespace::new("s:x").unwrap();
            let raw = RawKey::new(&namespace, &kind, &key);
            prop_assert_eq!(namespace.split(raw.as_str()), Some((Cow::Owned(kind), &*key)));
            prop_assert_eq!(Namespace::new("s").unwrap().split(raw.as_str()), None);
        }
    }
}
