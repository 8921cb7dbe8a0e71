//! The directives of `Cache-Control`, as far as they matter here (RFC 9111, section 5.2).

use std::time::Duration;

/// Iterates over the directives of one or several header values: a name, and its argument without quotes.
pub(super) fn directives<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    values.filter_map(|value| str::from_utf8(value).ok()).flat_map(split).filter_map(|part| {
        let (name, argument) = match part.split_once('=') {
            Some((name, argument)) => (name, Some(argument.trim().trim_matches('"'))),
            None => (part, None),
        };
        Some((name.trim(), argument)).filter(|(name, _)| !name.is_empty())
    })
}

/// Splits at commas outside of quotes: `private="set-cookie, x"` is one directive.
fn split(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    value.split(move |char| {
        quoted ^= char == '"';
        char == ',' && !quoted
    })
}

/// Returns true when a directive is there, whatever its argument.
pub(super) fn says<'a>(values: impl Iterator<Item = &'a [u8]>, directive: &str) -> bool {
    directives(values).any(|(name, _)| name.eq_ignore_ascii_case(directive))
}

/// What a response says of its life in a shared cache.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    /// Not for a shared cache, or not without asking each time.
    pub(super) is_forbidden: bool,
    pub(super) ttl: Option<Duration>,
    /// How long it may be used after that.
    pub(super) stale: Option<Duration>,
}

impl Control {
    pub(super) fn read<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut control, mut max_age, mut shared, mut strict) = (Self::default(), None, None, false);
        for (name, argument) in directives(values) {
            // What cannot be read counts as the strictest: not fresh (section 4.2.1).
            let seconds = || Duration::from_secs(argument.and_then(|text| text.parse().ok()).unwrap_or(0));
            match name.to_ascii_lowercase().as_str() {
                "no-store" | "private" | "no-cache" => control.is_forbidden = true,
                "max-age" => max_age = max_age.or(Some(seconds())),
                "s-maxage" => shared = shared.or(Some(seconds())),
                "must-revalidate" | "proxy-revalidate" => strict = true,
                "stale-while-revalidate" | "stale-if-error" => {
                    control.stale = control.stale.max(Some(seconds()))
                }
                _ => {}
            }
        }
        // With `s-maxage` goes what `proxy-revalidate` says (section 5.2.2.10).
        if strict || shared.is_some() {
            control.stale = Some(Duration::ZERO);
        }
        control.ttl = shared.or(max_age);
        control
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Control {
        Control::read([value.as_bytes()].into_iter())
    }

    #[test]
    fn shared_age_wins_and_forbids_stale_use() {
        let control = read("max-age=5, s-maxage=60, stale-if-error=9");
        assert_eq!((control.ttl, control.stale), (Some(Duration::from_secs(60)), Some(Duration::ZERO)));
        let control = read("max-age=\"5\",stale-while-revalidate=7 , Stale-If-Error=9");
        assert_eq!(
            (control.ttl, control.stale),
            (Some(Duration::from_secs(5)), Some(Duration::from_secs(9)))
        );
        assert_eq!(read("max-age=5, must-revalidate").stale, Some(Duration::ZERO));
    }

    #[test]
    fn what_is_not_for_others_is_forbidden_in_every_spelling() {
        for value in ["no-store", "PRIVATE", "public, no-cache", "private=\"set-cookie, x\"", ", no-store"] {
            assert!(read(value).is_forbidden, "{value}");
        }
        assert!(!read("public, x-ext=\"no-store, private\"").is_forbidden);
    }

    #[test]
    fn age_that_cannot_be_read_is_none() {
        assert_eq!(read("max-age=soon").ttl, Some(Duration::ZERO));
        assert_eq!(read("max-age").ttl, Some(Duration::ZERO));
        assert_eq!(read("public").ttl, None);
    }
}
