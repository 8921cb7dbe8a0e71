//! What every store promises, one public function for each promise.
//!
//! [`contract_suite!`](crate::contract_suite) turns the list into one named test for each promise and store. The
//! caller needs tokio's test macro as a dev-dependency. Not covered by semver.
#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests, and their names are the promises")]

pub mod bars;
pub mod batches;
pub mod edges;
pub mod facts;
pub mod runs;
pub mod series;
pub mod texts;
pub mod values;

use jiff::Timestamp;
use stockpile_market::{DailyBar, SecurityKind, TradeDate, TsCode};

use crate::{NewRun, RowCounts, RunWriter, SourceRow, Store};

/// Runs every promise against a store: `contract_suite!(sqlite, open_a_fresh_store())`.
///
/// The second argument is a future of a guard and an empty [`Store`]; the guard lives as long as the test. `None` leaves
/// the test out: whoever gives it has said why.
#[macro_export]
macro_rules! contract_suite {
    ($store:ident, $open:expr) => {
        mod $store {
            use super::*;
            $crate::contract_suite!(@promises bars, $open;
                an_empty_store_has_no_days_and_no_bars,
                bars_are_read_back_as_written,
                a_bar_ingested_again_replaces_the_first,
                a_value_the_source_lacks_stays_null,
                kinds_are_counted_and_read_apart,
                a_day_counts_its_adjusted_bars,
                a_run_may_mark_every_bar_adjusted,
                a_hot_list_is_descending_with_nulls_last_and_ties_by_code,
                a_hot_list_keeps_to_an_exchange_and_a_limit,
                closes_of_a_day_are_by_code,
                a_range_includes_both_ends_and_is_oldest_first,
                the_last_bars_are_oldest_first,
                a_range_gives_at_most_its_limit,
                a_code_is_known_by_its_bars,
                a_day_is_read_page_by_page,
                a_page_tells_that_its_day_was_written_again,
                bars_without_facts_are_told_by_kind,
                a_security_tells_which_days_its_bars_cover,
            );
            $crate::contract_suite!(@promises facts, $open;
                securities_are_replaced_by_code,
                calendar_days_are_read_by_exchange,
                factors_are_read_oldest_first,
                days_with_factors_are_counted_oldest_first,
                price_limits_are_read_by_day,
                days_with_price_limits_are_counted_oldest_first,
                valuations_are_read_by_day_and_the_newest_by_code,
                suspensions_are_read_by_day,
            );
            $crate::contract_suite!(@promises series, $open;
                the_last_candles_before_a_time_are_oldest_first,
                a_candle_ingested_again_replaces_the_first,
                a_pair_tells_its_intervals_the_shortest_first,
                the_first_candle_is_noticed,
                gaps_between_candles_are_told_by_pair_oldest_first,
                a_candle_met_twice_in_a_run_keeps_its_first_row,
                bars_within_a_day_are_read_by_security_and_frequency,
                a_coin_shows_its_newest_row_the_most_valuable_first,
            );
            $crate::contract_suite!(@promises runs, $open;
                rows_show_all_at_once_when_a_run_commits,
                an_abandoned_run_leaves_no_rows_and_a_reason,
                a_dropped_run_leaves_no_rows_and_no_lock,
                a_run_that_never_ended_is_recorded_as_interrupted,
                a_second_writer_is_told_to_wait,
                every_commit_raises_the_revision,
                every_commit_makes_a_fingerprint_of_what_it_wrote_that_was_not_there_before,
                a_failed_run_leaves_the_revision,
                a_key_met_twice_in_a_run_keeps_its_first_row,
                runs_are_listed_newest_first,
                a_dead_run_is_marked_failed_by_a_repair,
                readers_see_a_commit_all_at_once_as_far_as_promised,
            );
            $crate::contract_suite!(@promises batches, $open;
                a_large_batch_is_read_back_whole,
                an_empty_batch_changes_nothing,
                every_table_is_written_in_one_run_and_replaced_by_the_next,
                a_key_met_twice_is_named_in_every_table,
                kinds_and_days_may_come_in_turns,
                a_run_whose_write_was_refused_cannot_commit,
                needed_numbers_must_be_numbers,
            );
            $crate::contract_suite!(@promises edges, $open;
                nothing_asked_for_is_nothing_given,
                more_asked_for_than_there_is_gives_all,
                codes_are_answered_in_the_order_they_are_asked_for,
                a_security_that_did_not_trade_is_not_hot,
                pairs_and_intervals_are_read_apart,
                a_running_run_shows_with_what_is_known_of_it,
                numbers_of_runs_rise_over_failed_ones_too,
                a_whole_store_needs_no_repair,
            );
            $crate::contract_suite!(@promises texts, $open;
                texts_of_securities_are_kept_as_they_are,
                texts_of_keys_are_kept_as_they_are,
                keys_that_look_alike_are_apart,
                texts_of_runs_and_suspensions_are_kept_as_they_are,
                a_nul_is_refused_before_anything_is_written,
            );
            $crate::contract_suite!(@promises values, $open;
                numbers_of_bars_are_read_back_bit_for_bit,
                numbers_beside_bars_are_read_back_bit_for_bit,
                numbers_of_series_are_read_back_bit_for_bit,
                a_number_that_is_none_counts_as_lacking,
                dates_are_read_back_over_the_whole_range,
                times_are_kept_by_the_millisecond,
            );
        }
    };
    (@promises $topic:ident, $open:expr; $($promise:ident,)+) => {$(
        #[tokio::test]
        async fn $promise() {
            let Some((_guard, store)) = $open.await else { return };
            $crate::contract::$topic::$promise(&store).await;
        }
    )+};
}

pub fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

pub fn code(text: &str) -> TsCode {
    text.parse().unwrap()
}

/// A bar on the tick whose figures follow from its close.
pub fn bar(ts_code: &str, trade_date: &str, close: f64) -> DailyBar {
    DailyBar {
        ts_code: code(ts_code),
        trade_date: date(trade_date),
        open: Some(close),
        high: Some(close + 0.5),
        low: Some(close - 0.5),
        close,
        pre_close: Some(close - 0.25),
        change: Some(0.25),
        pct_chg: Some(25.0 / (close - 0.25)),
        vol: Some(1000.5),
        amount: Some(close * 100.0),
    }
}

/// Rows on consecutive lines, after a header.
pub fn numbered<T>(rows: impl IntoIterator<Item = T>) -> Vec<SourceRow<T>> {
    rows.into_iter().zip(2..).map(|(row, line)| SourceRow { line, row }).collect()
}

pub async fn start(store: &Store) -> Box<dyn RunWriter> {
    let run =
        NewRun { source: "contract.csv".into(), kind: "daily".into(), started_at: Timestamp::UNIX_EPOCH };
    store.ingest.start(run).await.unwrap()
}

/// Writes bars of one kind in a run of their own.
pub async fn ingest(store: &Store, kind: SecurityKind, bars: impl IntoIterator<Item = DailyBar>) {
    let mut run = start(store).await;
    assert!(run.write_bars(kind, numbered(bars)).await.unwrap().is_empty());
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
}
