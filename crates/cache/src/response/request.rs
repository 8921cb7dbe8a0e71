//! Whether a request is one for the cache, and which entry answers it.

use std::{collections::BTreeSet, fmt::Write};

use xxhash_rust::xxh3::xxh3_64;

use super::rules::Rules;

/// The engine stores nothing under a longer one.
const MAX_KEY: usize = 1024;
/// Tags of the paths of one kind. Of so many paths a change removes one more than its own.
const PATH_TAGS: u64 = 4096;

/// The head of a request, of whichever framework.
pub(super) trait Head {
    fn method(&self) -> &str;
    fn path(&self) -> &str;
    fn query(&self) -> Option<&str>;
    /// The values of a header, in their order.
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;

    fn has(&self, name: &str) -> bool {
        self.header(name).next().is_some()
    }
}

/// What is remembered of a request that is answered later.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) if_none_match: Vec<Vec<u8>>,
    /// The tag of all that is kept of its path.
    pub(super) tag: String,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Answer from this entry, or fill it.
    Cache { key: String },
    /// Answer from this entry, without filling it: a `HEAD` has no body to keep.
    Look { key: String },
    /// Hand it on.
    Pass,
    /// Hand it on; when it succeeds, what is kept of its path is outdated.
    Change,
}

/// Headers that ask for less than the whole response: the handler must not see them when the whole is to be kept.
pub(super) const CONDITIONS: [&str; 6] =
    ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];

impl Rules {
    pub(super) fn plan(&self, head: &impl Head) -> Plan {
        let method = head.method();
        if !matches!(method, "GET" | "HEAD") {
            return if matches!(method, "OPTIONS" | "TRACE" | "CONNECT") { Plan::Pass } else { Plan::Change };
        }
        let own = head.has("authorization") || head.has("range") || head.has("upgrade");
        let own = own || (!self.ignore_cookies && head.has("cookie"));
        if own || super::control::says(head.header("cache-control"), "no-store") {
            return Plan::Pass;
        }
        let key = self.key(head);
        match method {
            _ if key.len() > MAX_KEY => Plan::Pass,
            "HEAD" => Plan::Look { key },
            _ => Plan::Cache { key },
        }
    }

    /// `path?a=1&b=2 accept=text/csv`: neither path nor query holds a space.
    fn key(&self, head: &impl Head) -> String {
        let mut key = String::with_capacity(64);
        escape(&mut key, head.path().as_bytes(), b" ?%", b"%");
        let is_listed = |name: &[u8]| {
            let is_in =
                |names: &BTreeSet<String>| std::str::from_utf8(name).is_ok_and(|name| names.contains(name));
            self.query.as_ref().is_none_or(is_in)
        };
        let mut pairs = pairs(head.query().unwrap_or_default());
        pairs.retain(|(name, _)| is_listed(name));
        // Stable: several values of one name keep their order.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        for (at, (name, value)) in pairs.iter().enumerate() {
            key.push(if at == 0 { '?' } else { '&' });
            key.extend(form_urlencoded::byte_serialize(name));
            key.push('=');
            key.extend(form_urlencoded::byte_serialize(value));
        }
        for name in &self.vary {
            key.push(' ');
            key.push_str(name.as_str());
            for value in head.header(name.as_str()) {
                key.push('=');
                escape(&mut key, value, b" =%", b"");
            }
        }
        key
    }

    /// The tag of all that is kept of a path, and of some other paths. Each tag is a counter in the backend that lives for
    /// weeks: one for each path would let whoever makes up paths fill it.
    pub(super) fn tag(&self, path: &str) -> String {
        format!("response:{}:{:03x}", self.kind.name(), xxh3_64(path.as_bytes()) % PATH_TAGS)
    }

    pub(super) fn asked(&self, head: &impl Head) -> Asked {
        Asked {
            if_none_match: head.header("if-none-match").map(<[u8]>::to_vec).collect(),
            tag: self.tag(head.path()),
        }
    }
}

/// The parameters of a query as bytes. Taken as text, all that is no UTF-8 would be the same.
fn pairs(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs.map(|(name, value)| (unescape(name), unescape(value))).collect()
}

/// Undoes the escapes of a form; what is none stays as it is.
fn unescape(text: &str) -> Vec<u8> {
    let hex = |digit: Option<&u8>| digit.and_then(|digit| char::from(*digit).to_digit(16));
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, hex(after.first()), hex(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                // Both digits are below 16.
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    bytes
}

/// Adds text so that `special` and what is not plain ASCII is percent-escaped, but for what is in `kept`.
fn escape(key: &mut String, text: &[u8], special: &[u8], kept: &[u8]) {
    for &byte in text {
        if kept.contains(&byte) || (byte.is_ascii_graphic() && !special.contains(&byte)) {
            key.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(key, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bytes::Bytes;
    use http::header::{ACCEPT, ACCEPT_LANGUAGE};

    use super::*;
    use crate::{Cache, Kind, response::ResponseCache};

    struct Request {
        method: &'static str,
        path: &'static str,
        query: Option<&'static str>,
        headers: HashMap<&'static str, Bytes>,
    }

    impl Head for Request {
        fn method(&self) -> &str {
            self.method
        }
        fn path(&self) -> &str {
            self.path
        }
        fn query(&self) -> Option<&str> {
            self.query
        }
        fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
            self.headers.get(name).map(|value| &value[..]).into_iter()
        }
    }

    fn request(
        method: &'static str,
        target: &'static str,
        headers: &[(&'static str, &'static str)],
    ) -> Request {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let headers = headers.iter().map(|(name, value)| (*name, Bytes::from(*value))).collect();
        Request { method, path, query, headers }
    }

    fn rules() -> ResponseCache {
        ResponseCache::new(&Cache::in_memory(), Kind::new("pages"))
    }

    fn key(rules: &ResponseCache, target: &'static str, headers: &[(&'static str, &'static str)]) -> String {
        match rules.0.plan(&request("GET", target, headers)) {
            Plan::Cache { key } => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn order_of_parameters_does_not_matter_and_that_of_one_name_does() {
        let rules = rules();
        assert_eq!(key(&rules, "/a?b=2&a=1", &[]), "/a?a=1&b=2");
        assert_eq!(key(&rules, "/a?a=%31&&b=2", &[]), "/a?a=1&b=2");
        assert_ne!(key(&rules, "/a?a=1&a=2", &[]), key(&rules, "/a?a=2&a=1", &[]));
        assert_eq!(key(&rules, "/a?", &[]), key(&rules, "/a", &[]));
    }

    #[test]
    fn parameters_that_are_no_text_differ() {
        let rules = rules();
        let keys = ["/a?q=%FF", "/a?q=%FE", "/a?q=%EF%BF%BD", "/a?q=%f", "/a?q=%", "/a?%FF=q"];
        let distinct: std::collections::HashSet<_> =
            keys.iter().map(|target| key(&rules, target, &[])).collect();
        assert_eq!(distinct.len(), keys.len(), "{distinct:?}");
        assert_eq!(key(&rules, "/a?q=%ff+%20%C3%A9", &[]), key(&rules, "/a?q=%FF%20+é", &[]));
        assert_eq!(key(&rules.query(["q"]), "/a?%FF=1&q=2", &[]), "/a?q=2");
    }

    #[test]
    fn listed_parameters_alone_count() {
        let rules = rules().query(["symbol"]);
        assert_eq!(key(&rules, "/a?utm=x&symbol=A", &[]), "/a?symbol=A");
        assert_ne!(key(&rules, "/a?symbol=B", &[]), "/a?symbol=A");
    }

    #[test]
    fn parts_cannot_be_shifted_into_one_another() {
        let rules = rules().vary([ACCEPT, ACCEPT_LANGUAGE]);
        let keys = [
            key(&rules, "/a?b=1", &[]),
            key(&rules, "/a%3Fb=1", &[]),
            key(&rules, "/a?b=1", &[("accept", "x")]),
            key(&rules, "/a?b=1", &[("accept", "x accept-language=y")]),
            key(&rules, "/a?b=1", &[("accept", "x"), ("accept-language", "y")]),
            key(&rules, "/a?b=1%20accept=x", &[]),
            key(&rules, "/a?b=1", &[("accept", "")]),
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }

    #[test]
    fn request_of_one_person_passes_by() {
        let rules = rules();
        for header in [("authorization", "x"), ("cookie", "a=b"), ("range", "bytes=0-1")] {
            assert_eq!(rules.0.plan(&request("GET", "/a", &[header])), Plan::Pass, "{header:?}");
        }
        let no_store = request("GET", "/a", &[("cache-control", "max-age=0, No-Store")]);
        assert_eq!(rules.0.plan(&no_store), Plan::Pass);
        assert_eq!(key(&rules.ignore_cookies(), "/a", &[("cookie", "a=b")]), "/a");
    }

    #[test]
    fn only_reads_are_kept_and_only_changes_outdate() {
        let rules = rules();
        let plan = |method| rules.0.plan(&request(method, "/a", &[]));
        assert_eq!(plan("HEAD"), Plan::Look { key: "/a".into() });
        assert_eq!((plan("OPTIONS"), plan("POST"), plan("DELETE")), (Plan::Pass, Plan::Change, Plan::Change));
    }
}
