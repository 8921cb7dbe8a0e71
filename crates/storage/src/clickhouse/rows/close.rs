//! The closes of a day: the only answer of thousands of rows on a request's path, so it is read without the driver's
//! look at every field. The driver's types of the columns are checked once, in the head of the answer.

use super::super::row;
use crate::{ClosingBar, Error, Result};

const OPERATION: &str = "read a day's closes";
/// The format of the answer: the names of the columns, their types, then the rows.
pub(in super::super) const FORMAT: &str = "RowBinaryWithNamesAndTypes";
const COLUMNS: [(&str, &str); 6] = [
    ("ts_code", "FixedString(9)"),
    ("close", "Float64"),
    ("pre_close", "Nullable(Float64)"),
    ("vol", "Nullable(Float64)"),
    ("amount", "Nullable(Float64)"),
    ("adjusted", "Bool"),
];
/// A row without any null.
const LONGEST_ROW: usize = 9 + 8 + 3 * 9 + 1;

/// The closes of an answer; nothing when its head is not that of these columns.
pub(in super::super) fn closes(answer: &[u8]) -> Option<Result<Vec<ClosingBar>>> {
    let rows = answer.strip_prefix(head().as_slice())?;
    Some(read(rows))
}

fn read(rows: &[u8]) -> Result<Vec<ClosingBar>> {
    let mut closes = Vec::with_capacity(rows.len() / LONGEST_ROW + 1);
    let mut rest = Rest(rows);
    while !rest.0.is_empty() {
        closes.push(ClosingBar {
            ts_code: row::code(rest.take()?)?,
            close: rest.number()?,
            pre_close: rest.optional_number()?,
            vol: rest.optional_number()?,
            amount: rest.optional_number()?,
            adjusted: rest.take::<1>()? != [0],
        });
    }
    Ok(closes)
}

/// Bytes that are yet to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH]> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(|| Error::Failed {
            operation: OPERATION,
            source: "the answer ends in the middle of a row".into(),
        })?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    fn optional_number(&mut self) -> Result<Option<f64>> {
        if self.take::<1>()? == [0] { self.number().map(Some) } else { Ok(None) }
    }
}

/// Every text here is shorter than 128 bytes, and so its length is one byte.
fn head() -> Vec<u8> {
    let names = COLUMNS.iter().map(|(name, _)| *name);
    let types = COLUMNS.iter().map(|(_, of)| *of);
    let mut head = vec![COLUMNS.len() as u8];
    for text in names.chain(types) {
        head.push(text.len() as u8);
        head.extend_from_slice(text.as_bytes());
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Vec<u8> {
        let mut answer = head();
        answer.extend_from_slice(b"600519.SH");
        answer.extend_from_slice(&10.5_f64.to_le_bytes());
        answer.push(1);
        answer.push(0);
        answer.extend_from_slice(&7.0_f64.to_le_bytes());
        answer.extend_from_slice(&[1, 1]);
        answer
    }

    #[test]
    fn closes_are_read_with_what_they_lack() {
        let closes = closes(&answer()).unwrap().unwrap();
        let [close] = closes.as_slice() else { panic!("{closes:?}") };
        assert_eq!((close.close, close.pre_close, close.vol, close.amount), (10.5, None, Some(7.0), None));
        assert!(close.adjusted && close.ts_code.text().as_str() == "600519.SH");
        assert!(super::closes(&head()).unwrap().unwrap().is_empty());
    }

    #[test]
    fn an_answer_cut_short_or_of_other_columns_is_noticed() {
        let answer = answer();
        for length in head().len() + 1..answer.len() {
            assert!(closes(&answer[..length]).unwrap().is_err(), "{length}");
        }
        assert!(closes(&answer[..head().len() - 1]).is_none());
        assert!(closes(b"<html>It works!</html>").is_none());
    }
}
