use proptest::prelude::*;

use super::*;
use crate::{Tick, TradeDate};

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

/// Limits of an old share with a `pre_close` of 10, on whose tick every percentage falls.
fn of_ten(code: &str, day: &str, st: Option<bool>) -> Option<(f64, f64)> {
    at(code, day, 10.0, st)
}

fn at(code: &str, day: &str, pre_close: f64, st: Option<bool>) -> Option<(f64, f64)> {
    let limits = LimitRules::exchange().prices(
        code.parse().unwrap(),
        date(day),
        pre_close,
        ListingAge::Unknown,
        st,
    )?;
    Some((limits.up, limits.down))
}

/// Whether a share has a limit on its nth trading day.
fn has_limit(code: &str, listed: &str, trading_day: u32) -> bool {
    let age = ListingAge::Known { list_date: date(listed), trading_day };
    // Late enough for every rule to be in force.
    LimitRules::exchange().prices(code.parse().unwrap(), date("20241231"), 10.0, age, None).is_some()
}

const TEN: Option<(f64, f64)> = Some((11.0, 9.0));
const FIVE: Option<(f64, f64)> = Some((10.5, 9.5));
const TWENTY: Option<(f64, f64)> = Some((12.0, 8.0));
const THIRTY: Option<(f64, f64)> = Some((13.0, 7.0));

#[test]
fn main_boards_were_free_until_1996_and_have_ten_percent_since() {
    assert_eq!(of_ten("600000.SH", "19920520", None), None);
    assert_eq!(of_ten("600000.SH", "19920521", None), None);
    assert_eq!(of_ten("600000.SH", "19961213", None), None);
    assert_eq!(of_ten("600000.SH", "19961216", None), TEN);
    assert_eq!(of_ten("000001.SZ", "20250205", None), TEN);
    assert_eq!(of_ten("002594.SZ", "20250205", Some(false)), TEN);
}

#[test]
fn freed_and_not_covered_are_told_apart_by_the_rule() {
    let rules = LimitRules::exchange();
    assert_eq!(rules.on(date("19920520")).rule(crate::Board::Main, None), None);
    assert_eq!(rules.on(date("19920521")).rule(crate::Board::Main, None).unwrap().percent, None);
}

#[test]
fn chinext_went_from_ten_to_twenty_percent_on_2020_08_24() {
    assert_eq!(of_ten("300750.SZ", "20091029", None), None);
    assert_eq!(of_ten("300750.SZ", "20091030", None), TEN);
    assert_eq!(of_ten("300750.SZ", "20200821", None), TEN);
    assert_eq!(of_ten("300750.SZ", "20200824", None), TWENTY);
}

#[test]
fn star_has_twenty_percent_from_its_first_day() {
    assert_eq!(of_ten("688981.SH", "20190721", None), None);
    assert_eq!(of_ten("688981.SH", "20190722", None), TWENTY);
    assert_eq!(of_ten("689009.SH", "20250205", None), TWENTY);
}

#[test]
fn beijing_has_thirty_percent_from_its_first_day() {
    assert_eq!(of_ten("430047.BJ", "20211112", None), None);
    assert_eq!(of_ten("430047.BJ", "20211115", None), THIRTY);
    assert_eq!(of_ten("920002.BJ", "20250205", Some(true)), THIRTY);
}

#[test]
fn special_treatment_on_main_boards_means_five_percent_from_1998_until_2026_07_05() {
    assert_eq!(of_ten("600000.SH", "19980421", Some(true)), TEN);
    assert_eq!(of_ten("600000.SH", "19980422", Some(true)), FIVE);
    assert_eq!(of_ten("000001.SZ", "20260703", Some(true)), FIVE);
    assert_eq!(of_ten("000001.SZ", "20260705", Some(true)), FIVE);
    assert_eq!(of_ten("000001.SZ", "20260706", Some(true)), TEN);
}

#[test]
fn the_row_of_2026_07_06_alone_rests_on_a_single_source() {
    let single: Vec<_> = LimitRules::exchange()
        .limits()
        .iter()
        .filter(|rule| rule.evidence == Evidence::SingleSource)
        .collect();
    assert_eq!(single.len(), 1);
    assert_eq!((single[0].since, single[0].percent, single[0].st), (date("20260706"), Some(10), true));
}

#[test]
fn unknown_treatment_has_the_ordinary_limit() {
    assert_eq!(of_ten("600000.SH", "20250205", None), TEN);
}

#[test]
fn special_treatment_changes_nothing_on_chinext_and_star() {
    assert_eq!(of_ten("300750.SZ", "20200821", Some(true)), TEN);
    assert_eq!(of_ten("300750.SZ", "20250205", Some(true)), TWENTY);
    assert_eq!(of_ten("688981.SH", "20250205", Some(true)), TWENTY);
}

#[test]
fn b_shares_have_ten_percent_on_their_own_tick() {
    assert_eq!(at("900901.SH", "20250205", 0.671, None), Some((0.738, 0.604)));
    assert_eq!(at("200002.SZ", "20250205", 10.05, None), Some((11.06, 9.05)));
    assert_eq!(of_ten("200002.SZ", "20250205", Some(true)), FIVE);
    assert_eq!(of_ten("200002.SZ", "20260706", Some(true)), FIVE);
}

#[test]
fn funds_indices_and_adjusted_prices_have_no_rule() {
    assert_eq!(of_ten("510300.SH", "20250205", None), None);
    assert_eq!(of_ten("000001.SH", "20250205", None), None);
    assert_eq!(at("600000.SH", "20250205", 10.0042, None), None);
    assert_eq!(at("600000.SH", "20250205", f64::NAN, None), None);
    assert_eq!(at("600000.SH", "20250205", 0.0, None), None);
}

#[test]
fn a_half_tick_is_rounded_up_on_both_sides() {
    // 11.055 and 9.045, which binary fractions put below the half.
    assert_eq!(at("600000.SH", "20250205", 10.05, None), Some((11.06, 9.05)));
    assert_eq!(at("300750.SZ", "20250205", 10.03, None), Some((12.04, 8.02)));
}

#[test]
fn beijing_rounds_the_upper_limit_down_as_its_bars_show() {
    // Real limit-up days: 7.176, 14.989, 9.165 and 12.077 before rounding.
    for (pre_close, high) in [(5.52, 7.17), (11.53, 14.98), (7.05, 9.16), (9.29, 12.07)] {
        assert_eq!(at("830000.BJ", "20220907", pre_close, None).unwrap().0, high);
    }
}

#[test]
fn beijing_rounds_the_lower_limit_half_up_until_bars_show_otherwise() {
    // 3.864 and 4.935 before rounding.
    assert_eq!(at("830000.BJ", "20220907", 5.52, None).unwrap().1, 3.86);
    assert_eq!(at("830000.BJ", "20220907", 7.05, None).unwrap().1, 4.94);
}

#[test]
fn a_limit_is_a_tick_away_from_a_tiny_price() {
    assert_eq!(at("600000.SH", "20250205", 0.03, Some(true)), Some((0.04, 0.02)));
    assert_eq!(at("830000.BJ", "20250205", 0.02, None), Some((0.03, 0.01)));
}

#[test]
fn main_board_listings_are_free_for_five_days_from_2023_04_10_and_for_one_before() {
    assert!(!has_limit("603000.SH", "20230407", 1));
    assert!(has_limit("603000.SH", "20230407", 2));
    assert!(!has_limit("603000.SH", "20230410", 5));
    assert!(has_limit("603000.SH", "20230410", 6));
}

#[test]
fn chinext_listings_are_free_for_five_days_from_2020_08_24_and_for_one_before() {
    assert!(!has_limit("300800.SZ", "20200821", 1));
    assert!(has_limit("300800.SZ", "20200821", 2));
    assert!(!has_limit("300800.SZ", "20200824", 5));
    assert!(has_limit("300800.SZ", "20200824", 6));
}

#[test]
fn star_listings_are_free_for_five_days() {
    assert!(!has_limit("688001.SH", "20190722", 1));
    assert!(!has_limit("688001.SH", "20190722", 5));
    assert!(has_limit("688001.SH", "20190722", 6));
}

#[test]
fn beijing_listings_are_free_on_the_first_day_alone() {
    assert!(!has_limit("920002.BJ", "20211115", 1));
    assert!(has_limit("920002.BJ", "20211115", 2));
}

#[test]
fn a_share_of_unknown_or_future_listing_has_the_ordinary_limit() {
    assert!(has_limit("603000.SH", "20230410", 0));
    assert!(of_ten("603000.SH", "20241231", None).is_some());
}

#[test]
fn every_row_names_its_source_and_rows_of_a_kind_ascend() {
    let rules = LimitRules::exchange();
    assert!(rules.limits().iter().all(|rule| !rule.source.is_empty()));
    for pair in rules.limits().windows(2) {
        let same = pair[0].board == pair[1].board && pair[0].st == pair[1].st;
        assert!(!same || pair[0].since < pair[1].since, "{pair:?}");
    }
}

#[test]
fn only_the_limit_itself_is_at_the_limit() {
    let limits = PriceLimits { up: 11.06, down: 9.05 };
    assert!(is_limit_up(11.06, limits, Tick::Hundredth));
    assert!(is_limit_up(11.060_000_000_000_002, limits, Tick::Hundredth));
    assert!(!is_limit_up(11.05, limits, Tick::Hundredth));
    assert!(!is_limit_up(11.07, limits, Tick::Hundredth));
    assert!(is_limit_down(9.05, limits, Tick::Hundredth));
    assert!(!is_limit_down(9.04, limits, Tick::Hundredth));
    assert!(!is_limit_up(f64::NAN, PriceLimits { up: f64::NAN, down: 0.0 }, Tick::Hundredth));
}

proptest! {
    #[test]
    fn a_limit_is_on_the_tick_within_a_tick_of_its_ratio_and_a_tick_from_pre_close(
        ticks in 1_u32..10_000_000,
        (code, tick, percent) in prop::sample::select(vec![
            ("600000.SH", Tick::Hundredth, 10.0),
            ("300750.SZ", Tick::Hundredth, 20.0),
            ("688981.SH", Tick::Hundredth, 20.0),
            ("830000.BJ", Tick::Hundredth, 30.0),
            ("900901.SH", Tick::Thousandth, 10.0),
        ]),
    ) {
        let pre_close = f64::from(ticks) / tick.per_unit();
        let (up, down) = at(code, "20250205", pre_close, None).unwrap();
        let noise = 1e-6;
        let step = 1.0 / tick.per_unit();
        prop_assert!(tick.divides(up) && tick.divides(down));
        prop_assert!((up - pre_close * (1.0 + percent / 100.0)).abs() <= step + noise);
        prop_assert!((down - pre_close * (1.0 - percent / 100.0)).abs() <= step + noise);
        prop_assert!(up >= pre_close + step - noise);
        prop_assert!(down <= pre_close - step + noise);
    }

    #[test]
    fn any_price_is_answered_without_panic(price in any::<f64>()) {
        let _ = at("600000.SH", "20250205", price, None);
    }
}
