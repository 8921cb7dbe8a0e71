//! Lines to records: RFC 4180, except that a bad line spoils itself alone.

use std::{collections::VecDeque, io::BufRead};

use memchr::{memchr, memchr_iter};

/// Bytes a line may have. The longest row of any kind is under a kilobyte.
pub(super) const LINE_LIMIT: usize = 64 * 1024;
/// Lines one quoted record may span.
const SPAN_LIMIT: usize = 16;

/// Why no further line can be read.
#[derive(Debug)]
pub(super) enum Stop {
    /// The source failed behind this many lines.
    Io(std::io::Error),
    /// The line after them is too long.
    TooLong,
}

/// A record, or what is wrong with a line.
#[derive(Debug, PartialEq)]
pub(super) enum Next<'a> {
    /// The fields of the record that starts on this line.
    Record(u64, Record<'a>),
    /// The line is no record.
    Bad(u64, &'a [u8], &'static str),
}

/// Borrowed fields.
#[derive(Debug, PartialEq)]
pub(super) struct Record<'a> {
    text: &'a [u8],
    /// Start and end of each field in `text`.
    bounds: &'a [(usize, usize)],
    /// The line as it stands in the source.
    pub(super) raw: &'a [u8],
}

impl<'a> Record<'a> {
    /// A record that something else than CSV holds; `raw` is what a report shows of it.
    pub(super) fn new(text: &'a [u8], bounds: &'a [(usize, usize)], raw: &'a [u8]) -> Self {
        Self { text, bounds, raw }
    }

    pub(super) fn field(&self, index: usize) -> &'a [u8] {
        self.bounds.get(index).map_or(&[], |(start, end)| &self.text[*start..*end])
    }

    pub(super) fn len(&self) -> usize {
        self.bounds.len()
    }
}

/// Reads records one by one into buffers that are used again.
pub(super) struct Records<R> {
    input: R,
    /// Physical lines taken so far.
    line: u64,
    /// Lines read ahead of a quote that was never closed, with their numbers.
    ahead: VecDeque<Vec<u8>>,
    current: Vec<u8>,
    unquoted: Vec<u8>,
    bounds: Vec<(usize, usize)>,
    /// Fields a record must have; the first record decides.
    width: Option<usize>,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: 0,
            ahead: VecDeque::new(),
            current: Vec::new(),
            unquoted: Vec::new(),
            bounds: Vec::new(),
            width: None,
        }
    }

    /// Lines taken so far.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next record; blank lines are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Next<'_>>, Stop> {
        loop {
            if !self.take_line()? {
                return Ok(None);
            }
            if !self.current.is_empty() {
                break;
            }
        }
        let line = self.line;
        if memchr(b'"', &self.current).is_none() {
            self.bounds.clear();
            let mut start = 0;
            for comma in memchr_iter(b',', &self.current) {
                self.bounds.push((start, comma));
                start = comma + 1;
            }
            self.bounds.push((start, self.current.len()));
        } else if !self.unquote()? {
            return Ok(Some(Next::Bad(line, &self.current, "a quote is never closed")));
        }
        let quoted = memchr(b'"', &self.current).is_some();
        let width = *self.width.get_or_insert(self.bounds.len());
        if self.bounds.len() < width {
            return Ok(Some(Next::Bad(line, &self.current, "fewer fields than the header")));
        }
        if self.bounds.len() > width {
            return Ok(Some(Next::Bad(line, &self.current, "more fields than the header")));
        }
        let text = if quoted { &self.unquoted } else { &self.current };
        Ok(Some(Next::Record(line, Record { text, bounds: &self.bounds, raw: &self.current })))
    }

    /// Splits a line with quotes, taking further lines while a quote is open. False when none of them closes it.
    fn unquote(&mut self) -> Result<bool, Stop> {
        let first = self.current.len();
        let mut taken = 0;
        while quote_is_open(&self.current) {
            let mut joined = std::mem::take(&mut self.current);
            let more = taken < SPAN_LIMIT && joined.len() < LINE_LIMIT && self.take_line()?;
            if more {
                taken += 1;
                joined.push(b'\n');
                joined.extend_from_slice(&self.current);
                self.current = joined;
            } else {
                self.give_back(joined, first, taken);
                return Ok(false);
            }
        }
        self.split_quoted();
        if taken > 0 && self.width.is_some_and(|width| width != self.bounds.len()) {
            // The quote was closed by one that opens a field of a later line.
            let joined = std::mem::take(&mut self.current);
            self.give_back(joined, first, taken);
            return Ok(false);
        }
        Ok(true)
    }

    /// Keeps the first line and puts the lines behind it back.
    fn give_back(&mut self, mut joined: Vec<u8>, first: usize, taken: usize) {
        if taken > 0 {
            for line in joined[first + 1..].split(|byte| *byte == b'\n').rev() {
                self.ahead.push_front(line.to_vec());
            }
            self.line -= taken as u64;
        }
        joined.truncate(first);
        self.current = joined;
    }

    fn split_quoted(&mut self) {
        let commas = memchr_iter(b',', &self.current).count();
        let mut ends = vec![0; commas + 2];
        self.unquoted.resize(self.current.len() + 1, 0);
        // Lines are ended here already; a stray carriage return is only a character.
        let mut reader = csv_core::ReaderBuilder::new().terminator(csv_core::Terminator::Any(b'\n')).build();
        let (_, read, written, fields) = reader.read_record(&self.current, &mut self.unquoted, &mut ends);
        let (_, _, _, last) =
            reader.read_record(&self.current[read..], &mut self.unquoted[written..], &mut ends[fields..]);
        self.bounds.clear();
        let mut start = 0;
        for end in &ends[..fields + last] {
            self.bounds.push((start, *end));
            start = *end;
        }
    }

    /// Takes a line without its end into `current`. False at the end of the source.
    fn take_line(&mut self) -> Result<bool, Stop> {
        self.current.clear();
        if let Some(line) = self.ahead.pop_front() {
            self.current = line;
            self.line += 1;
            return Ok(true);
        }
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stop::Io(error)),
            };
            if available.is_empty() && self.current.is_empty() {
                return Ok(false);
            }
            let end = memchr(b'\n', available);
            let used = end.map_or(available.len(), |end| end + 1);
            self.current.extend_from_slice(&available[..end.unwrap_or(used)]);
            let last = available.is_empty();
            self.input.consume(used);
            if self.current.len() > LINE_LIMIT {
                return Err(Stop::TooLong);
            }
            if end.is_some() || last {
                self.line += 1;
                if self.current.last() == Some(&b'\r') {
                    self.current.pop();
                }
                return Ok(true);
            }
        }
    }
}

/// Whether a field that starts with a quote has not ended.
fn quote_is_open(text: &[u8]) -> bool {
    let (mut open, mut field_start) = (false, true);
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        match (*byte, open) {
            (b'"', true) if bytes.peek() == Some(&&b'"') => {
                bytes.next();
            }
            (b'"', true) => open = false,
            (b'"', false) if field_start => open = true,
            _ => {}
        }
        field_start = *byte == b',' && !open;
    }
    open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Line and fields, or line and reason.
    type Line = Result<(u64, Vec<String>), (u64, &'static str)>;

    fn read(text: &[u8]) -> Vec<Line> {
        let mut records = Records::new(text);
        let mut all = Vec::new();
        while let Some(next) = records.next().unwrap() {
            all.push(match next {
                Next::Record(line, record) => Ok((
                    line,
                    (0..record.len())
                        .map(|i| String::from_utf8_lossy(record.field(i)).into_owned())
                        .collect(),
                )),
                Next::Bad(line, _, reason) => Err((line, reason)),
            });
        }
        all
    }

    fn row(line: u64, fields: &[&str]) -> Line {
        Ok((line, fields.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn quotes_hold_commas_quotes_and_line_ends() {
        let text = b"a,b\r\n\"x, y\",\"he said \"\"no\"\"\"\n\n\"two\nlines\",2\n,\n";
        assert_eq!(
            read(text),
            [
                row(1, &["a", "b"]),
                row(2, &["x, y", "he said \"no\""]),
                row(4, &["two\nlines", "2"]),
                row(6, &["", ""]),
            ]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_spoils_its_line_alone() {
        let lines: String = (0..100).map(|i| format!("{i},x\n")).collect();
        let text = format!("a,b\n\"open,1\n{lines}");
        let all = read(text.as_bytes());
        assert_eq!(all.len(), 102);
        assert_eq!(all[1], Err((2, "a quote is never closed")));
        assert_eq!(all[2], row(3, &["0", "x"]));
        assert_eq!(all[101], row(102, &["99", "x"]));
    }

    #[test]
    fn a_quote_closed_by_the_quote_of_a_later_line_spoils_its_line_alone() {
        let text = b"a,b,c\n\"open,1,2\nx,\"y\",z\n3,4,5\n";
        assert_eq!(
            read(text),
            [
                row(1, &["a", "b", "c"]),
                Err((2, "a quote is never closed")),
                row(3, &["x", "y", "z"]),
                row(4, &["3", "4", "5"]),
            ]
        );
    }

    #[test]
    fn a_row_of_another_width_is_named() {
        assert_eq!(
            read(b"a,b\n1\n1,2,3\n1,2"),
            [
                row(1, &["a", "b"]),
                Err((2, "fewer fields than the header")),
                Err((3, "more fields than the header")),
                row(4, &["1", "2"]),
            ]
        );
    }

    #[test]
    fn an_endless_line_is_stopped() {
        let endless = vec![b'x'; 10 * LINE_LIMIT];
        assert!(matches!(Records::new(&endless[..]).next(), Err(Stop::TooLong)));
        let quoted = [b"a\n\"".as_slice(), &vec![b'x'; 10 * LINE_LIMIT]].concat();
        let mut records = Records::new(&quoted[..]);
        records.next().unwrap();
        assert!(matches!(records.next(), Err(Stop::TooLong)));
    }

    proptest! {
        #[test]
        fn whatever_a_csv_writer_writes_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[ -~\n]{1,5}", 3), 1..20),
        ) {
            // No record spans more lines than one may. One of blank fields alone, or one that starts with a line end, looks
            // like a blank line.
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let read: Vec<Vec<String>> = read(&text).into_iter().map(|row| row.unwrap().1).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn any_bytes_are_read_or_named_without_panic(text in prop::collection::vec(
            prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300,
        )) {
            let lines = memchr_iter(b'\n', &text).count() as u64 + 1;
            for row in read(&text) {
                let line = row.map_or_else(|(line, _)| line, |(line, _)| line);
                prop_assert!(line <= lines);
            }
        }
    }
}
