//! Values of a column as the text a CSV file would have for them.

use std::io::Write as _;

use arrow_array::{
    Array, ArrowPrimitiveType, BooleanArray, Decimal128Array, Decimal256Array, PrimitiveArray, StringArray,
    cast::AsArray as _, types,
};
use arrow_schema::{DataType, TimeUnit};
use jiff::{SignedDuration, Timestamp, civil, tz::Offset};
use stockpile_market::{EXCHANGE_UTC_OFFSET_S, TradeDate};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Text,
    Date,
    Time,
    Flag,
    Number,
}

fn class(column: &str) -> Class {
    match column {
        "trade_date" | "cal_date" | "pretrade_date" | "list_date" | "delist_date" => Class::Date,
        "trade_time" | "ts" | "last_updated" => Class::Time,
        "is_open" => Class::Flag,
        "ts_code" | "name" | "area" | "industry" | "cnspell" | "list_status" | "status" | "management"
        | "fund_type" | "exchange" | "suspend_type" | "suspend_timing" | "symbol" | "interval" | "freq"
        | "id" => Class::Text,
        _ => Class::Number,
    }
}

/// What a column should hold, when this type cannot be it.
pub(super) fn mismatch(column: &str, found: &DataType) -> Option<&'static str> {
    use DataType::{Boolean, Date32, Decimal128, Decimal256, Float64, Null, Timestamp, Utf8};
    let fits = match class(column) {
        Class::Text => matches!(found, Utf8),
        // A list of whole numbers that misses one is floating in some programs.
        Class::Date => matches!(found, Utf8 | Date32 | Timestamp(..) | Float64) || found.is_integer(),
        Class::Time => matches!(found, Utf8 | Timestamp(..) | DataType::Int64),
        Class::Flag => matches!(found, Utf8 | Boolean) || found.is_integer(),
        Class::Number => {
            found.is_integer() || found.is_floating() || matches!(found, Decimal128(..) | Decimal256(..))
        }
    };
    (!fits && *found != Null).then_some(match class(column) {
        Class::Text => "text",
        Class::Date => "dates, or text or whole numbers YYYYMMDD",
        Class::Time => "timestamps or text",
        Class::Flag => "booleans, or 0 and 1",
        Class::Number => "numbers",
    })
}

/// One column of a batch.
pub(super) struct Cells<'a> {
    class: Class,
    /// Exchange time instead of UTC for what states no offset.
    exchange: bool,
    array: &'a dyn Array,
    typed: Typed<'a>,
}

enum Typed<'a> {
    Nothing,
    Text(&'a StringArray),
    Flag(&'a BooleanArray),
    Float(&'a PrimitiveArray<types::Float64Type>),
    /// Smaller floats with the shortest text that names them: 11.37, not 11.369999885559082.
    SmallFloat(&'a PrimitiveArray<types::Float32Type>),
    HalfFloat(&'a PrimitiveArray<types::Float16Type>),
    Whole(Box<dyn Fn(usize) -> i128 + 'a>),
    Decimal(&'a Decimal128Array),
    WideDecimal(&'a Decimal256Array),
    Day(&'a PrimitiveArray<types::Date32Type>),
    /// Since 1970, and whether an offset was known.
    Stamp(Box<dyn Fn(usize) -> Option<Timestamp> + 'a>, bool),
}

impl<'a> Cells<'a> {
    /// `None` when the type is none that [`mismatch`] lets through.
    pub(super) fn new(column: &str, array: &'a dyn Array) -> Option<Self> {
        let typed = match array.data_type() {
            DataType::Null => Typed::Nothing,
            DataType::Utf8 => Typed::Text(array.as_string_opt()?),
            DataType::Boolean => Typed::Flag(array.as_boolean_opt()?),
            DataType::Float64 => Typed::Float(array.as_primitive_opt()?),
            DataType::Float32 => Typed::SmallFloat(array.as_primitive_opt()?),
            DataType::Float16 => Typed::HalfFloat(array.as_primitive_opt()?),
            DataType::Int8 => whole::<types::Int8Type>(array)?,
            DataType::Int16 => whole::<types::Int16Type>(array)?,
            DataType::Int32 => whole::<types::Int32Type>(array)?,
            DataType::Int64 => whole::<types::Int64Type>(array)?,
            DataType::UInt8 => whole::<types::UInt8Type>(array)?,
            DataType::UInt16 => whole::<types::UInt16Type>(array)?,
            DataType::UInt32 => whole::<types::UInt32Type>(array)?,
            DataType::UInt64 => whole::<types::UInt64Type>(array)?,
            DataType::Decimal128(..) => Typed::Decimal(array.as_primitive_opt()?),
            DataType::Decimal256(..) => Typed::WideDecimal(array.as_primitive_opt()?),
            DataType::Date32 => Typed::Day(array.as_primitive_opt()?),
            DataType::Timestamp(unit, zone) => stamps(array, *unit, zone.is_some())?,
            _ => return None,
        };
        Some(Self { class: class(column), exchange: matches!(column, "trade_time"), array, typed })
    }

    /// Writes a value; nothing for one that is missing, which a float may say as "not a number".
    pub(super) fn write(&self, index: usize, text: &mut Vec<u8>) {
        if self.array.is_null(index) {
            return;
        }
        // Writing to memory cannot fail.
        let _ = match &self.typed {
            Typed::Nothing => Ok(()),
            Typed::Text(array) => text.write_all(array.value(index).as_bytes()),
            Typed::Flag(array) => write!(text, "{}", u8::from(array.value(index))),
            Typed::Float(array) if array.value(index).is_nan() => Ok(()),
            Typed::Float(array) => write!(text, "{}", array.value(index)),
            Typed::SmallFloat(array) if array.value(index).is_nan() => Ok(()),
            Typed::SmallFloat(array) => write!(text, "{}", array.value(index)),
            Typed::HalfFloat(array) if array.value(index).is_nan() => Ok(()),
            Typed::HalfFloat(array) => write!(text, "{}", array.value(index)),
            Typed::Whole(value) => write!(text, "{}", value(index)),
            Typed::Decimal(array) => text.write_all(array.value_as_string(index).as_bytes()),
            Typed::WideDecimal(array) => text.write_all(array.value_as_string(index).as_bytes()),
            Typed::Day(array) => match day(array.value(index)) {
                Some(day) => write!(text, "{day}"),
                None => write!(text, "day {}", array.value(index)),
            },
            Typed::Stamp(stamp, absolute) => match stamp(index) {
                Some(stamp) => self.write_stamp(stamp, *absolute, text),
                None => write!(text, "a time no calendar has"),
            },
        };
    }

    fn write_stamp(&self, stamp: Timestamp, absolute: bool, text: &mut Vec<u8>) -> std::io::Result<()> {
        if self.class == Class::Time && (absolute || !self.exchange) {
            return write!(text, "{stamp}");
        }
        let exchange = Offset::from_seconds(i32::try_from(EXCHANGE_UTC_OFFSET_S).unwrap_or(0));
        let offset = if absolute { exchange.unwrap_or(Offset::UTC) } else { Offset::UTC };
        let local = offset.to_datetime(stamp);
        // A date at a time of day was moved between offsets: the field's check names it.
        let is_day = absolute_midnight(stamp, local, absolute);
        if self.class == Class::Date && is_day {
            write!(text, "{}", TradeDate::from(local.date()))
        } else {
            write!(text, "{local}")
        }
    }
}

/// Whether an instant is the start of a day: at the exchange, or in UTC, which is the same date there.
fn absolute_midnight(stamp: Timestamp, local: civil::DateTime, absolute: bool) -> bool {
    let midnight = |time: civil::DateTime| time.time() == civil::Time::midnight();
    midnight(local) || (absolute && midnight(Offset::UTC.to_datetime(stamp)))
}

fn whole<'a, T: ArrowPrimitiveType>(array: &'a dyn Array) -> Option<Typed<'a>>
where
    i128: From<T::Native>,
{
    let array: &PrimitiveArray<T> = array.as_primitive_opt()?;
    Some(Typed::Whole(Box::new(move |index| array.value(index).into())))
}

fn stamps(array: &dyn Array, unit: TimeUnit, absolute: bool) -> Option<Typed<'_>> {
    fn read<T: ArrowPrimitiveType<Native = i64>>(
        array: &dyn Array,
        absolute: bool,
        stamp: fn(i64) -> Option<Timestamp>,
    ) -> Option<Typed<'_>> {
        let array: &PrimitiveArray<T> = array.as_primitive_opt()?;
        Some(Typed::Stamp(Box::new(move |index| stamp(array.value(index))), absolute))
    }
    match unit {
        TimeUnit::Second => {
            read::<types::TimestampSecondType>(array, absolute, |value| Timestamp::from_second(value).ok())
        }
        TimeUnit::Millisecond => read::<types::TimestampMillisecondType>(array, absolute, |value| {
            Timestamp::from_millisecond(value).ok()
        }),
        TimeUnit::Microsecond => read::<types::TimestampMicrosecondType>(array, absolute, |value| {
            Timestamp::from_microsecond(value).ok()
        }),
        TimeUnit::Nanosecond => read::<types::TimestampNanosecondType>(array, absolute, |value| {
            Timestamp::from_nanosecond(value.into()).ok()
        }),
    }
}

fn day(since_1970: i32) -> Option<TradeDate> {
    let span = SignedDuration::from_hours(i64::from(since_1970) * 24);
    civil::Date::constant(1970, 1, 1).checked_add(span).ok().map(TradeDate::from)
}
