//! The rules of the Chinese exchanges as pure functions: codes, dates, bars, calendar, price limits, adjustment. And coins:
//! candles, health scores, forecasts.
//!
//! Nothing here reads a file, a socket or a clock.

mod adjust;
mod aggregate;
mod bar;
mod breadth;
mod calendar;
mod candle;
mod code;
mod coin_health;
mod completeness;
mod crypto_market;
mod daily_basic;
mod date;
mod error;
mod forecast;
mod hours;
mod kind;
mod limits;
mod minute_bar;
mod search;
mod security;
mod suspension;

pub use adjust::{Adjust, AdjustmentFactors};
pub use aggregate::{SettledCandle, aggregate, can_aggregate, candle_open};
pub use bar::{DailyBar, Tick};
pub use breadth::{Breadth, LimitBasis, LimitNote, StockDay, is_adjusted_day};
pub use calendar::TradingCalendar;
pub use candle::{Candle, Interval};
pub use code::{CodeQuery, CodeText, Exchange, TsCode};
pub use coin_health::{CoinFigures, CoinHistory, FULL_AGE_DAYS, HealthLevel, HealthParts, RedFlag, RedFlags};
pub use completeness::DayIndex;
pub use crypto_market::CryptoMarket;
pub use daily_basic::DailyBasic;
pub use date::TradeDate;
pub use error::{Error, Result};
pub use forecast::{
    Forecast, ForecastModel, LEVEL as FORECAST_LEVEL, MAX_WINDOWS as FORECAST_MAX_WINDOWS, forecast,
    forecast_needs,
};
pub use hours::{EXCHANGE_UTC_OFFSET_S, QUOTE_HOURS_S, exchange_date, is_closed_day, is_in_quote_hours};
pub use kind::{Board, SecurityKind, index_name};
pub use limits::{
    DayLimits, Evidence, LimitRule, LimitRules, ListingAge, NewListingRule, PriceLimits, Rounding,
    is_limit_down, is_limit_up,
};
pub use minute_bar::{BarFreq, MinuteBar};
pub use search::{Hit, MatchedBy, SearchIndex, Searched, fold};
pub use security::{AdjFactor, CalendarDay, ListStatus, PriceLimit, Security};
pub use suspension::{SuspendType, Suspension};
