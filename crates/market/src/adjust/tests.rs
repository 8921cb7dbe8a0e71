use proptest::prelude::*;

use super::*;

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

fn bar(day: TradeDate, close: f64, pre_close: f64) -> DailyBar {
    DailyBar {
        ts_code: "000001.SZ".parse().unwrap(),
        trade_date: day,
        open: Some(close),
        high: Some(close),
        low: Some(close),
        close,
        pre_close: Some(pre_close),
        change: Some(four_decimals(close - pre_close)),
        pct_chg: Some(1.5),
        vol: Some(12_345.67),
        amount: Some(98_765.432),
    }
}

/// A split that halves the price on 14 June.
fn split() -> AdjustmentFactors {
    AdjustmentFactors::new([("20240102", 1.0), ("20240614", 2.0)].map(|(day, factor)| (date(day), factor)))
        .unwrap()
}

fn adjusted(mode: Adjust, bars: &[DailyBar]) -> Vec<DailyBar> {
    let mut bars = bars.to_vec();
    split().apply(mode, &mut bars).unwrap();
    bars
}

#[test]
fn qfq_brings_the_days_before_a_split_down_and_keeps_those_after() {
    let raw = [bar(date("20240613"), 20.0, 19.0), bar(date("20240614"), 10.5, 10.0)];
    let qfq = adjusted(Adjust::Qfq, &raw);
    assert_eq!((qfq[0].close, qfq[0].pre_close, qfq[0].change), (10.0, Some(9.5), Some(0.5)));
    assert_eq!(qfq[1], raw[1]);
}

#[test]
fn hfq_brings_the_days_after_a_split_up_and_keeps_those_before() {
    let raw = [bar(date("20240613"), 20.0, 19.0), bar(date("20240614"), 10.5, 10.0)];
    let hfq = adjusted(Adjust::Hfq, &raw);
    assert_eq!(hfq[0], raw[0]);
    assert_eq!((hfq[1].close, hfq[1].pre_close, hfq[1].change), (21.0, Some(20.0), Some(1.0)));
}

#[test]
fn the_pre_close_of_an_ex_rights_day_meets_the_adjusted_close_before_it() {
    let raw = [bar(date("20240613"), 20.0, 19.0), bar(date("20240614"), 10.5, 10.0)];
    for mode in [Adjust::Qfq, Adjust::Hfq] {
        let bars = adjusted(mode, &raw);
        assert_eq!(bars[1].pre_close, Some(bars[0].close));
    }
}

#[test]
fn percent_volume_and_turnover_are_never_adjusted() {
    let raw = bar(date("20240613"), 20.0, 19.0);
    let qfq = &adjusted(Adjust::Qfq, std::slice::from_ref(&raw))[0];
    assert_eq!((qfq.pct_chg, qfq.vol, qfq.amount), (raw.pct_chg, raw.vol, raw.amount));
}

#[test]
fn what_the_source_lacks_stays_absent() {
    let raw = DailyBar { open: None, pre_close: None, change: None, ..bar(date("20240613"), 20.0, 19.0) };
    let qfq = &adjusted(Adjust::Qfq, &[raw])[0];
    assert_eq!((qfq.open, qfq.pre_close, qfq.change), (None, None, None));
}

#[test]
fn a_change_without_pre_close_is_scaled() {
    let raw = DailyBar { pre_close: None, ..bar(date("20240613"), 20.0, 19.0) };
    assert_eq!(adjusted(Adjust::Qfq, &[raw])[0].change, Some(0.5));
}

#[test]
fn no_adjustment_needs_no_factor() {
    let raw = [bar(date("20200102"), 20.0, 19.0)];
    assert_eq!(adjusted(Adjust::None, &raw), raw);
}

#[test]
fn a_bar_before_the_first_factor_is_refused_by_name_and_nothing_changes() {
    let raw = [bar(date("20240613"), 20.0, 19.0), bar(date("20240101"), 10.5, 10.0)];
    let mut bars = raw.clone();
    let refused = split().apply(Adjust::Qfq, &mut bars).unwrap_err();
    assert_eq!(refused, Error::BeforeFirstFactor { date: date("20240101"), first: date("20240102") });
    assert!(refused.to_string().contains("`20240102`"), "{refused}");
    assert_eq!(bars, raw);
}

#[test]
fn empty_repeated_and_invalid_factors_are_refused() {
    let day = date("20240102");
    assert_eq!(AdjustmentFactors::new([]), Err(Error::NoFactors));
    assert_eq!(AdjustmentFactors::new([(day, 1.0), (day, 1.0)]), Err(Error::DuplicateDay(day)));
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(AdjustmentFactors::new([(day, factor)]), Err(Error::Factor { .. })), "{factor}");
    }
}

#[test]
fn modes_are_read_as_they_are_written() {
    for mode in [Adjust::None, Adjust::Qfq, Adjust::Hfq] {
        assert_eq!(mode.to_string().parse(), Ok(mode));
        assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{mode}\""));
    }
    assert_eq!("QFQ".parse::<Adjust>(), Err(Error::Adjust("QFQ".into())));
}

prop_compose! {
    /// Consecutive days with a raw close in ticks and a factor that grows.
    fn history()(steps in prop::collection::vec((100_u32..100_000, 0_u32..500), 1..40))
        -> (Vec<DailyBar>, Vec<(TradeDate, f64)>)
    {
        let mut factor = 1.0;
        steps.into_iter().zip(19_000_i64..).map(|((ticks, growth), day)| {
            let day = crate::exchange_date(day * 86_400);
            let close = f64::from(ticks) / 100.0;
            factor *= 1.0 + f64::from(growth) / 1000.0;
            (bar(day, close, close), (day, factor))
        }).unzip()
    }
}

fn with(mode: Adjust, bars: &[DailyBar], factors: &AdjustmentFactors) -> Vec<DailyBar> {
    let mut bars = bars.to_vec();
    factors.apply(mode, &mut bars).unwrap();
    bars
}

proptest! {
    #[test]
    fn the_anchor_day_keeps_its_raw_price((bars, points) in history()) {
        let factors = AdjustmentFactors::new(points).unwrap();
        let qfq = with(Adjust::Qfq, &bars, &factors);
        prop_assert_eq!(qfq.last(), bars.last());
        prop_assert_eq!(factors.anchor(), bars.last().unwrap().trade_date);
    }

    #[test]
    fn a_day_has_one_price_whatever_the_window((bars, points) in history(), from in 0_usize..40, to in 0_usize..40) {
        let factors = AdjustmentFactors::new(points).unwrap();
        let (from, to) = (from.min(bars.len()), to.min(bars.len()));
        let window = from.min(to)..from.max(to);
        for mode in [Adjust::Qfq, Adjust::Hfq] {
            let whole = with(mode, &bars, &factors);
            let part = with(mode, &bars[window.clone()], &factors);
            prop_assert_eq!(&part[..], &whole[window.clone()]);
        }
    }

    #[test]
    fn hfq_is_qfq_times_one_constant((bars, points) in history()) {
        let factors = AdjustmentFactors::new(points.clone()).unwrap();
        let constant = points.last().unwrap().1;
        let qfq = with(Adjust::Qfq, &bars, &factors);
        let hfq = with(Adjust::Hfq, &bars, &factors);
        for (qfq, hfq) in qfq.iter().zip(&hfq) {
            // Each side is rounded to the fourth decimal.
            prop_assert!((hfq.close - qfq.close * constant).abs() <= 0.6e-4 * (1.0 + constant));
        }
    }

    #[test]
    fn qfq_does_not_depend_on_the_scale_of_the_factors((bars, points) in history(), scale in 0.01_f64..100.0) {
        let factors = AdjustmentFactors::new(points.clone()).unwrap();
        let scaled = AdjustmentFactors::new(points.into_iter().map(|(day, factor)| (day, factor * scale))).unwrap();
        let (one, other) = (with(Adjust::Qfq, &bars, &factors), with(Adjust::Qfq, &bars, &scaled));
        for (one, other) in one.iter().zip(&other) {
            // Binary noise may tip a fourth decimal.
            prop_assert!((one.close - other.close).abs() < 1.5e-4);
        }
    }

    #[test]
    fn rows_for_the_days_of_change_suffice((bars, points) in history()) {
        let mut changes = points.clone();
        changes.dedup_by_key(|(_, factor)| *factor);
        let (all, sparse) = (AdjustmentFactors::new(points).unwrap(), AdjustmentFactors::new(changes).unwrap());
        prop_assert_eq!(with(Adjust::Qfq, &bars, &all), with(Adjust::Qfq, &bars, &sparse));
    }
}
