//! The tables a run writes, and where its rows wait for the commit.

use crate::Part;

/// A table of market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    AdjFactor,
    Candle,
    CryptoMarket,
    DailyBar,
    DailyBasic,
    MinuteBar,
    PriceLimit,
    Security,
    Suspension,
    TradeCalendar,
}

impl Table {
    const ALL: [Self; 10] = [
        Self::AdjFactor,
        Self::Candle,
        Self::CryptoMarket,
        Self::DailyBar,
        Self::DailyBasic,
        Self::MinuteBar,
        Self::PriceLimit,
        Self::Security,
        Self::Suspension,
        Self::TradeCalendar,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AdjFactor => "adj_factor",
            Self::Candle => "candle",
            Self::CryptoMarket => "crypto_market",
            Self::DailyBar => "daily_bar",
            Self::DailyBasic => "daily_basic",
            Self::MinuteBar => "minute_bar",
            Self::PriceLimit => "price_limit",
            Self::Security => "security",
            Self::Suspension => "suspension",
            Self::TradeCalendar => "trade_calendar",
        }
    }

    pub(super) const fn part(self) -> Part {
        match self {
            Self::Candle | Self::CryptoMarket => Part::Coins,
            _ => Part::Market,
        }
    }

    /// The order of the table's rows, which is its key.
    const fn order(self) -> &'static str {
        match self {
            Self::AdjFactor | Self::DailyBasic => "(ts_code, trade_date)",
            Self::Candle => "(symbol, interval, time)",
            Self::CryptoMarket => "(id, last_updated)",
            Self::DailyBar => "(kind, ts_code, trade_date)",
            Self::MinuteBar => "(ts_code, freq, time)",
            Self::PriceLimit => "(trade_date, ts_code)",
            Self::Security => "ts_code",
            Self::Suspension => "(trade_date, ts_code, suspend_type)",
            Self::TradeCalendar => "(exchange, cal_date)",
        }
    }

    /// Where the rows of a run wait.
    pub(super) fn stage(self, run: u64) -> Stage {
        Stage { run, table: self }
    }
}

/// A table of one run's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stage {
    pub(super) run: u64,
    pub(super) table: Table,
}

impl Stage {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (run, table) = name.strip_prefix("stage_")?.split_once('_')?;
        Some(Self { run: run.parse().ok()?, table: Table::named(table)? })
    }

    pub(super) fn name(self) -> String {
        format!("stage_{}_{}", self.run, self.table.name())
    }

    /// The same columns and projections; never replicated, the commit does that.
    pub(super) fn create(self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} AS {} ENGINE = ReplacingMergeTree(version) ORDER BY {}\n\
             SETTINGS deduplicate_merge_projection_mode = 'rebuild'",
            self.name(),
            self.table.name(),
            self.table.order(),
        )
    }

    /// Links the rows into the table in one instant; they stay here too, and doing it twice changes no answer.
    pub(super) fn attach(self) -> String {
        format!("ALTER TABLE {} ATTACH PARTITION tuple() FROM {}", self.table.name(), self.name())
    }

    /// Gives the space back at once.
    pub(super) fn drop(self) -> String {
        format!("DROP TABLE IF EXISTS {} SYNC", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_known_by_its_name() {
        for table in Table::ALL {
            assert_eq!(Stage::from_name(&table.stage(17).name()), Some(table.stage(17)));
        }
        for name in ["stage_", "stage_1", "stage_x_candle", "stage_1_theirs", "candle"] {
            assert_eq!(Stage::from_name(name), None, "{name}");
        }
    }
}
