//! Security codes: six digits and an exchange.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// An exchange of mainland China.
///
/// Ordered by suffix (`BJ`, `SH`, `SZ`), so that codes sort as their text does; serialized by [name](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Exchange {
    /// Beijing Stock Exchange, suffix `BJ`.
    Bse,
    /// Shanghai Stock Exchange, suffix `SH`.
    Sse,
    /// Shenzhen Stock Exchange, suffix `SZ`.
    Szse,
}

impl Exchange {
    /// The two letters behind the dot of a code.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Bse => "BJ",
            Self::Sse => "SH",
            Self::Szse => "SZ",
        }
    }

    /// The name Tushare uses: `BSE`, `SSE` or `SZSE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bse => "BSE",
            Self::Sse => "SSE",
            Self::Szse => "SZSE",
        }
    }

    fn from_suffix(suffix: &[u8]) -> Option<Self> {
        match [suffix.first()?.to_ascii_uppercase(), suffix.get(1)?.to_ascii_uppercase()] {
            _ if suffix.len() != 2 => None,
            [b'B', b'J'] => Some(Self::Bse),
            [b'S', b'H'] => Some(Self::Sse),
            [b'S', b'Z'] => Some(Self::Szse),
            _ => None,
        }
    }
}

/// A security's code in Tushare's form, such as `600519.SH`.
///
/// Reading accepts a lower-case suffix; writing is always upper case. The order is that of the text.
///
/// ```
/// use stockpile_market::TsCode;
///
/// let code: TsCode = "600519.sh".parse()?;
/// assert_eq!(code.to_string(), "600519.SH");
/// assert!("60051.SH".parse::<TsCode>().is_err());
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TsCode {
    digits: [u8; 6],
    exchange: Exchange,
}

impl TsCode {
    /// Reads `NNNNNN.XX`.
    ///
    /// # Errors
    ///
    /// [`Error::Code`] for anything else.
    pub fn from_bytes(text: &[u8]) -> Result<Self> {
        let read = || {
            let (digits, suffix) = text.split_at_checked(6)?;
            let exchange = Exchange::from_suffix(suffix.strip_prefix(b".")?)?;
            Some(Self { digits: six_digits(digits)?, exchange })
        };
        read().ok_or_else(|| Error::Code(String::from_utf8_lossy(text).into_owned()))
    }

    /// The exchange the security is listed on.
    #[must_use]
    pub const fn exchange(self) -> Exchange {
        self.exchange
    }

    /// The six digits.
    #[must_use]
    pub fn symbol(&self) -> &str {
        std::str::from_utf8(&self.digits).unwrap_or_default()
    }

    /// The text in nine bytes, without allocating.
    #[must_use]
    pub fn text(self) -> CodeText {
        let mut bytes = *b"000000.XX";
        bytes[..6].copy_from_slice(&self.digits);
        bytes[7..].copy_from_slice(self.exchange.suffix().as_bytes());
        CodeText(bytes)
    }
}

/// A [`TsCode`] as text on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeText([u8; 9]);

impl CodeText {
    /// The text, always nine ASCII characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for TsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl fmt::Debug for TsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TsCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_bytes(text.as_bytes())
    }
}

impl Serialize for TsCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for TsCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A code as a person types it: with its exchange on either side, or only the digits.
///
/// ```
/// use stockpile_market::CodeQuery;
///
/// assert_eq!("sh600519".parse::<CodeQuery>()?, CodeQuery::Full("600519.SH".parse()?));
/// assert!(matches!("000001".parse::<CodeQuery>()?, CodeQuery::Digits(_)));
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeQuery {
    /// The exchange was given.
    Full(TsCode),
    /// Only six digits: up to one security on each exchange.
    Digits([u8; 6]),
}

impl CodeQuery {
    /// The codes the query may mean, one or three, in the order of their text.
    pub fn candidates(self) -> impl Iterator<Item = TsCode> {
        let all = match self {
            Self::Full(code) => [Some(code), None, None],
            Self::Digits(digits) => [Exchange::Bse, Exchange::Sse, Exchange::Szse]
                .map(|exchange| Some(TsCode { digits, exchange })),
        };
        all.into_iter().flatten()
    }
}

impl fmt::Display for CodeQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(code) => code.fmt(f),
            Self::Digits(digits) => f.pad(std::str::from_utf8(digits).unwrap_or_default()),
        }
    }
}

impl FromStr for CodeQuery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let read = || {
            if let Some(digits) = six_digits(text.as_bytes()) {
                return Some(Self::Digits(digits));
            }
            let (prefix, digits) = text.as_bytes().split_at_checked(2)?;
            let exchange = Exchange::from_suffix(prefix)?;
            Some(Self::Full(TsCode { digits: six_digits(digits)?, exchange }))
        };
        match read() {
            Some(query) => Ok(query),
            None => text.parse().map(Self::Full),
        }
    }
}

fn six_digits(text: &[u8]) -> Option<[u8; 6]> {
    let digits: [u8; 6] = text.try_into().ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_code_round_trips_and_sorts_as_its_text(
            a in "[0-9]{6}\\.(BJ|SH|SZ)",
            b in "[0-9]{6}\\.(BJ|SH|SZ)",
        ) {
            let (x, y): (TsCode, TsCode) = (a.parse().unwrap(), b.parse().unwrap());
            prop_assert_eq!(x.to_string(), a.clone());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,12}") {
            let _ = text.parse::<TsCode>();
            let _ = text.parse::<CodeQuery>();
        }
    }

    #[test]
    fn malformed_codes_are_refused_by_name() {
        for text in [
            "",
            "600519",
            "600519.",
            "600519.S",
            "600519.SHX",
            "600519,SH",
            "60051A.SH",
            "６00519.SH",
            "600519.HK",
        ] {
            assert_eq!(text.parse::<TsCode>(), Err(Error::Code(text.into())), "{text}");
        }
    }

    #[test]
    fn digits_alone_name_one_candidate_an_exchange() {
        let codes: Vec<String> =
            "000001".parse::<CodeQuery>().unwrap().candidates().map(|code| code.to_string()).collect();
        assert_eq!(codes, ["000001.BJ", "000001.SH", "000001.SZ"]);
    }
}
