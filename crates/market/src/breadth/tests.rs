use proptest::prelude::*;

use super::*;

const DAY: &str = "20250205";

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

fn stock(code: &str, pre_close: f64, close: f64) -> StockDay {
    StockDay {
        ts_code: code.parse().unwrap(),
        close,
        pre_close: Some(pre_close),
        amount: Some(1000.0),
        vol: Some(10.0),
        adjusted: false,
        published: None,
        age: ListingAge::Known { list_date: date("20100104"), trading_day: 3000 },
        st: Some(false),
    }
}

fn on(day: &str, stocks: &[StockDay]) -> Breadth {
    Breadth::of_day(date(day), stocks.iter().copied(), &LimitRules::exchange()).unwrap()
}

fn limits(breadth: &Breadth) -> (Option<u32>, Option<u32>) {
    (breadth.limit_up, breadth.limit_down)
}

#[test]
fn no_stocks_give_no_figures() {
    assert_eq!(Breadth::of_day(date(DAY), [], &LimitRules::exchange()), None);
}

#[test]
fn stocks_are_up_down_or_flat_against_pre_close() {
    let mut without = stock("600003.SH", 10.0, 11.0);
    without.pre_close = None;
    let day = on(
        DAY,
        &[
            stock("600000.SH", 10.0, 10.01),
            stock("600001.SH", 10.0, 9.99),
            stock("600002.SH", 10.0, 10.0),
            without,
        ],
    );
    assert_eq!((day.up, day.down, day.flat, day.rows), (1, 1, 1, 4));
    assert_eq!(limits(&day), (Some(0), Some(0)));
}

#[test]
fn binary_noise_is_no_move() {
    let day = on(DAY, &[stock("600000.SH", 2.7121, 2.712_100_000_000_000_4)]);
    assert_eq!((day.up, day.flat), (0, 1));
}

#[test]
fn each_board_is_counted_by_its_own_limit() {
    let day = on(
        DAY,
        &[
            stock("600000.SH", 10.05, 11.06),
            stock("300750.SZ", 10.0, 12.0),
            stock("688981.SH", 10.0, 12.0),
            stock("839493.BJ", 5.52, 7.17),
            stock("000001.SZ", 10.0, 9.0),
            // Ten percent is far from the limit there.
            stock("300001.SZ", 10.0, 11.0),
            stock("688001.SH", 10.0, 9.0),
        ],
    );
    assert_eq!(limits(&day), (Some(4), Some(1)));
    assert_eq!((day.limit_basis, day.limit_note), (Some(LimitBasis::BoardRule), None));
}

#[test]
fn the_rule_is_that_of_the_day() {
    let stocks = [stock("300750.SZ", 10.0, 11.0)];
    assert_eq!(on("20200821", &stocks).limit_up, Some(1));
    assert_eq!(on("20200824", &stocks).limit_up, Some(0));
}

#[test]
fn a_new_listing_is_at_no_limit() {
    let mut new = stock("603000.SH", 10.0, 11.0);
    new.age = ListingAge::Known { list_date: date("20250122"), trading_day: 5 };
    let old = stock("600000.SH", 10.0, 10.5);
    assert_eq!(on(DAY, &[new, old]).limit_up, Some(0));
    new.age = ListingAge::Known { list_date: date("20250121"), trading_day: 6 };
    assert_eq!(on(DAY, &[new, old]).limit_up, Some(1));
}

#[test]
fn a_share_under_special_treatment_has_its_own_limit_only_by_a_dated_row() {
    let mut st = stock("600000.SH", 10.0, 10.5);
    st.st = Some(true);
    assert_eq!(on(DAY, &[st]).limit_up, Some(1));
    st.st = None;
    let day = on(DAY, &[st]);
    assert_eq!(day.limit_up, Some(0));
    assert_eq!(day.limit_note, Some(LimitNote::BoardRule { st_unknown: 1, listing_unknown: 0 }));
}

#[test]
fn unknown_treatment_is_noted_only_where_it_decides() {
    let mut star = stock("688981.SH", 10.0, 10.5);
    star.st = None;
    assert_eq!(on(DAY, &[star]).limit_note, None);
    let mut main = stock("600000.SH", 10.0, 10.5);
    main.st = None;
    // Both limits are ten percent then, but that rests on one source.
    assert!(on("20260706", &[main]).limit_note.is_some());
}

#[test]
fn an_unknown_listing_date_is_noted() {
    let mut unknown = stock("688981.SH", 10.0, 12.0);
    unknown.age = ListingAge::Unknown;
    let day = on(DAY, &[unknown]);
    assert_eq!(day.limit_up, Some(1));
    assert_eq!(day.limit_note, Some(LimitNote::BoardRule { st_unknown: 0, listing_unknown: 1 }));
}

#[test]
fn published_limits_win_and_are_the_basis_only_when_all_have_one() {
    let mut st = stock("600000.SH", 10.0, 10.5);
    st.published = Some(PriceLimits { up: 10.5, down: 9.5 });
    let all = on(DAY, &[st]);
    assert_eq!((all.limit_up, all.limit_basis, all.limit_note), (Some(1), Some(LimitBasis::Exchange), None));
    let some = on(DAY, &[st, stock("600001.SH", 10.0, 11.0)]);
    assert_eq!((some.limit_up, some.limit_basis), (Some(2), Some(LimitBasis::BoardRule)));
}

#[test]
fn a_day_with_more_than_one_percent_adjusted_bars_has_no_limit_counts_but_a_reason() {
    let adjusted = StockDay { adjusted: true, ..stock("600001.SH", 10.0042, 11.0046) };
    let mut stocks = vec![stock("600000.SH", 10.0, 11.0); 99];
    stocks.push(adjusted);
    let edge = on(DAY, &stocks);
    assert_eq!((edge.limit_up, edge.adjusted_rows), (Some(99), 1));
    stocks.push(adjusted);
    let day = on(DAY, &stocks);
    assert_eq!((limits(&day), day.limit_basis), ((None, None), None));
    assert_eq!(day.limit_note, Some(LimitNote::AdjustedDay { adjusted: 2, rows: 101 }));
    assert!(day.limit_note.unwrap().to_string().contains("2 of 101 bars"));
    assert_eq!(day.up, 101);
}

#[test]
fn a_day_before_any_limit_has_no_limit_counts() {
    let day = on("19950105", &[stock("600000.SH", 10.0, 11.0)]);
    assert_eq!((limits(&day), day.limit_note), ((None, None), Some(LimitNote::NoLimit)));
}

#[test]
fn totals_are_hundred_millions_of_cny_and_lots() {
    let mut one = stock("600000.SH", 10.0, 10.0);
    (one.amount, one.vol) = (Some(1_300_286_123.4), Some(0.126));
    let mut other = one;
    (other.amount, other.vol) = (None, Some(1.0));
    let day = on(DAY, &[one, other]);
    assert_eq!((day.total_amount, day.total_vol), (Some(13_002.86), Some(1.13)));
}

#[test]
fn totals_that_no_stock_states_are_absent() {
    let mut stock = stock("600000.SH", 10.0, 10.0);
    (stock.amount, stock.vol) = (None, None);
    let day = on(DAY, &[stock]);
    assert_eq!((day.total_amount, day.total_vol), (None, None));
}

#[test]
fn notes_read_as_sentences() {
    let both = LimitNote::BoardRule { st_unknown: 3, listing_unknown: 2 }.to_string();
    assert_eq!(
        both,
        "ST shares are counted by their board's ordinary limit: the dated status of 3 stocks is unknown; new listings \
         are counted as old ones where the listing date is unknown (2 stocks)"
    );
    assert!(!LimitNote::BoardRule { st_unknown: 0, listing_unknown: 2 }.to_string().contains("ST"));
}

prop_compose! {
    fn any_stock()(
        code in "(600|000|300|688)[0-9]{3}",
        pre_close in prop::option::of(1_u32..100_000),
        close in 1_u32..100_000,
        adjusted in prop::bool::weighted(0.01),
        st in any::<Option<bool>>(),
    ) -> StockDay {
        let suffix = if code.starts_with('6') { "SH" } else { "SZ" };
        StockDay {
            pre_close: pre_close.map(|ticks| f64::from(ticks) / 100.0),
            adjusted,
            st,
            ..stock(&format!("{code}.{suffix}"), 1.0, f64::from(close) / 100.0)
        }
    }
}

proptest! {
    #[test]
    fn counts_add_up_whatever_the_order(mut stocks in prop::collection::vec(any_stock(), 1..200)) {
        let day = on(DAY, &stocks);
        let with_pre_close = stocks.iter().filter(|stock| stock.pre_close.is_some()).count();
        prop_assert_eq!((day.up + day.down + day.flat) as usize, with_pre_close);
        prop_assert_eq!(day.rows as usize, stocks.len());
        prop_assert!(day.limit_up.unwrap_or(0) <= day.up);
        prop_assert!(day.limit_down.unwrap_or(0) <= day.down);
        prop_assert_eq!(day.limit_up.is_some(), day.limit_basis.is_some());
        stocks.reverse();
        prop_assert_eq!(on(DAY, &stocks), day);
    }
}
