//! Rows in the binary format of `COPY`.

use bytes::{BufMut as _, Bytes, BytesMut};
use jiff::Timestamp;
use stockpile_market::{TradeDate, TsCode};

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Midnight of 2000-01-01, from which PostgreSQL counts, Unix milliseconds.
const EPOCH_MS: i64 = 946_684_800_000;
const EPOCH_DAY: jiff::civil::Date = jiff::civil::date(2000, 1, 1);

/// Rows being encoded, each with the same number of columns.
#[derive(Debug)]
pub(super) struct CopyRows {
    buffer: BytesMut,
    columns: i16,
}

impl CopyRows {
    pub(super) fn new(columns: i16) -> Self {
        let mut buffer = BytesMut::with_capacity(64 << 10);
        buffer.put_slice(HEADER);
        Self { buffer, columns }
    }

    pub(super) fn start_row(&mut self) {
        self.buffer.put_i16(self.columns);
    }

    /// Bytes waiting to be taken.
    pub(super) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn take(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }

    pub(super) fn end(&mut self) {
        self.buffer.put_i16(-1);
    }

    fn null(&mut self) {
        self.buffer.put_i32(-1);
    }

    pub(super) fn small(&mut self, value: i16) {
        self.buffer.put_i32(2);
        self.buffer.put_i16(value);
    }

    pub(super) fn integer(&mut self, value: i32) {
        self.buffer.put_i32(4);
        self.buffer.put_i32(value);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.buffer.put_i32(1);
        self.buffer.put_u8(value.into());
    }

    pub(super) fn number(&mut self, value: f64) {
        self.buffer.put_i32(8);
        self.buffer.put_f64(value);
    }

    pub(super) fn maybe(&mut self, value: Option<f64>) {
        match value {
            Some(value) => self.number(value),
            None => self.null(),
        }
    }

    pub(super) fn code(&mut self, code: TsCode) {
        self.text(code.text().as_str());
    }

    pub(super) fn text(&mut self, text: &str) {
        // A gigabyte is the server's limit, and it says so.
        self.buffer.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
        self.buffer.put_slice(text.as_bytes());
    }

    pub(super) fn maybe_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub(super) fn date(&mut self, date: TradeDate) {
        let days = (date.civil().duration_since(EPOCH_DAY)).as_hours() / 24;
        self.integer(i32::try_from(days).unwrap_or(i32::MAX));
    }

    pub(super) fn maybe_date(&mut self, date: Option<TradeDate>) {
        match date {
            Some(date) => self.date(date),
            None => self.null(),
        }
    }

    /// A time, by the millisecond.
    pub(super) fn time(&mut self, time: Timestamp) {
        self.buffer.put_i32(8);
        self.buffer.put_i64((time.as_millisecond() - EPOCH_MS) * 1000);
    }
}
