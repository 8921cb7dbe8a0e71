//! The rules of the Chinese exchanges as pure functions: codes, dates, bars, calendar, price limits, adjustment.
//!
//! Nothing here reads a file, a socket or a clock.

mod bar;
mod code;
mod date;
mod error;
mod kind;

pub use bar::{DailyBar, Tick};
pub use code::{CodeQuery, CodeText, Exchange, TsCode};
pub use date::TradeDate;
pub use error::{Error, Result};
pub use kind::{Board, SecurityKind};
