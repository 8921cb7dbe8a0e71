//! Schemas of the values that several answers share, taken from the types themselves.

use serde::Serialize;
use serde_json::{Value, json};
use stockpile_market::{
    Adjust, Board, ForecastModel, HealthLevel, LimitBasis, ListStatus, RedFlag, SecurityKind,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// A type of string with a pattern.
macro_rules! text {
    ($name:ident, $about:literal, $pattern:literal, $example:literal) => {
        #[doc = $about]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($about))
                    .pattern(Some($pattern))
                    .examples([json!($example)])
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

/// A type of string with a few values, written as the answers write them.
macro_rules! words {
    ($name:ident, $about:literal, $values:expr) => {
        #[doc = $about]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($about))
                    .enum_values(Some(written($values)))
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

text!(Code, "Code of a security with its exchange.", "^[0-9]{6}\\.(BJ|SH|SZ)$", "600519.SH");
text!(Day, "Day at the exchange, YYYYMMDD.", "^[0-9]{8}$", "20250205");
words!(Kind, "Kind of security.", SecurityKind::ALL);
words!(
    BoardName,
    "Board a stock is listed on.",
    [Board::Main, Board::Chinext, Board::Star, Board::Bse, Board::BShare]
);
words!(AdjustMode, "Basis of prices.", [Adjust::None, Adjust::Qfq, Adjust::Hfq]);
words!(
    Status,
    "Listed, delisted, paused or being issued.",
    [ListStatus::Listed, ListStatus::Delisted, ListStatus::Paused, ListStatus::Issuing]
);
words!(
    Basis,
    "Where price limits come from: published by the exchange, or reckoned by the rules of the board.",
    [LimitBasis::Exchange, LimitBasis::BoardRule]
);
words!(ExchangeName, "Exchange.", ["SSE", "SZSE", "BSE"]);
words!(MatchedBy, "By what a security was found.", ["code", "name", "pinyin"]);

words!(HorizonName, "Time a forecast looks ahead.", ["1h", "4h", "24h", "7d"]);
words!(
    Model,
    "How a forecast was made.",
    [
        ForecastModel::RandomWalk,
        ForecastModel::RandomWalkWithDrift,
        ForecastModel::ExponentialSmoothing,
        ForecastModel::DampedTrend,
    ]
);
words!(
    Level,
    "A score in a word.",
    [
        HealthLevel::Excellent,
        HealthLevel::Good,
        HealthLevel::Moderate,
        HealthLevel::Poor,
        HealthLevel::Critical,
    ]
);
words!(
    Flag,
    "A warning: less than a million USD traded in 24 hours; more traded than all coins are worth; a million USD goes with a \
     change of more than 5 %; a day's return deviates by more than 8 %; a fall of a fifth in 24 hours; a price below half \
     of the highest of 90 days; a coin younger than half a year; a price more than a day old.",
    [
        RedFlag::ThinVolume,
        RedFlag::ImplausibleTurnover,
        RedFlag::Illiquid,
        RedFlag::WildPrice,
        RedFlag::Crash,
        RedFlag::DeepDrawdown,
        RedFlag::Young,
        RedFlag::StalePrice,
    ]
);

fn written<T: Serialize>(values: impl IntoIterator<Item = T>) -> Vec<Value> {
    values.into_iter().map(|value| json!(value)).collect()
}
