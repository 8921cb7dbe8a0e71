use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::Candle;

fn days(closes: &[f64], turnover: f64) -> Vec<Candle> {
    let day = |(number, close): (i64, &f64)| Candle {
        symbol: "BTCUSDT".into(),
        interval: "1d".parse().unwrap(),
        time: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * number),
        open: *close,
        high: *close,
        low: *close,
        close: *close,
        volume: Some(turnover / close),
        quote_volume: None,
    };
    (0..).zip(closes).map(day).collect()
}

/// Up and down by about a percent each day.
fn swinging(count: usize) -> Vec<f64> {
    (0..count).map(|day| if day % 2 == 0 { 100.0 } else { 101.0 }).collect()
}

#[test]
fn the_ends_of_every_scale_are_as_documented() {
    let worst = CoinFigures {
        illiquidity: Some(10.0),
        volume_24h: Some(1e5),
        volatility: Some(10.0),
        holders: Some(1e3),
        age_days: Some(0.0),
    };
    let best = CoinFigures {
        illiquidity: Some(0.001),
        volume_24h: Some(1e9),
        volatility: Some(1.0),
        holders: Some(1e7),
        age_days: Some(FULL_AGE_DAYS),
    };
    for (figures, expected) in [(worst, 0.0), (best, 100.0)] {
        let parts = HealthParts::of(&figures);
        for (name, _, score) in parts.weighted() {
            assert!((score.unwrap() - expected).abs() < 1e-9, "{name}: {score:?}");
        }
        assert!((parts.overall().unwrap() - expected).abs() < 1e-9);
        assert_eq!(parts.missing().count(), 0);
    }
    assert_eq!(HealthParts::of(&CoinFigures { volume_24h: Some(0.0), ..best }).volume, Some(0.0));
    assert_eq!(HealthParts::of(&CoinFigures { volume_24h: Some(1e7), ..best }).volume, Some(50.0));
}

#[test]
fn weights_add_up_to_a_hundred_percent() {
    let weights = HealthParts::of(&CoinFigures::default()).weighted().map(|(_, weight, _)| weight);
    assert_eq!(weights.iter().sum::<f64>(), 100.0);
}

#[test]
fn levels_begin_at_their_thresholds() {
    for (score, level) in [
        (100.0, HealthLevel::Excellent),
        (80.0, HealthLevel::Excellent),
        (79.9, HealthLevel::Good),
        (65.0, HealthLevel::Good),
        (50.0, HealthLevel::Moderate),
        (35.0, HealthLevel::Poor),
        (34.9, HealthLevel::Critical),
        (0.0, HealthLevel::Critical),
    ] {
        assert_eq!(HealthLevel::of(score), level, "{score}");
    }
}

#[test]
fn nothing_known_has_no_score() {
    let parts = HealthParts::of(&CoinFigures { volume_24h: Some(f64::NAN), ..CoinFigures::default() });
    assert_eq!((parts.overall(), parts.missing().count()), (None, 5));
}

#[test]
fn history_is_the_mean_of_the_last_thirty_days() {
    let history = CoinHistory::of(&days(&swinging(60), 2e6));
    // 1 % each day at a turnover of two million.
    assert!((history.illiquidity.unwrap() - 0.4975).abs() < 1e-3, "{history:?}");
    assert!((history.volatility.unwrap() - 1.012).abs() < 1e-2, "{history:?}");
    assert_eq!(history.drawdown, Some(0.0));
    let wild_before = [[1.0, 50.0].repeat(20), swinging(60)].concat();
    assert_eq!(CoinHistory::of(&days(&wild_before, 2e6)).volatility, history.volatility);
}

#[test]
fn too_few_days_tell_nothing() {
    assert_eq!(CoinHistory::of(&[]), CoinHistory::default());
    assert_eq!(CoinHistory::of(&days(&swinging(13), 2e6)), CoinHistory::default());
    let untraded = CoinHistory::of(&days(&swinging(40), 0.0));
    assert!(untraded.illiquidity.is_none() && untraded.volatility.is_some());
}

#[test]
fn a_fall_is_measured_from_the_peak_of_ninety_days() {
    let fallen = [vec![900.0; 30], vec![100.0; 60], vec![40.0; 30]].concat();
    assert_eq!(CoinHistory::of(&days(&fallen, 1.0)).drawdown, Some(60.0));
}

#[test]
fn every_flag_is_raised_by_its_own_figure() {
    let calm = CoinFigures {
        illiquidity: Some(0.01),
        volume_24h: Some(5e8),
        volatility: Some(2.0),
        holders: None,
        age_days: Some(3000.0),
    };
    let quiet = RedFlags {
        market_cap: Some(1e10),
        change_24h: Some(1.0),
        drawdown: Some(10.0),
        price_age_hours: Some(0.1),
    };
    assert_eq!(quiet.raised(&calm), []);
    assert_eq!(RedFlags::default().raised(&CoinFigures::default()), []);
    for (flag, flags, figures) in [
        (RedFlag::ThinVolume, quiet, CoinFigures { volume_24h: Some(9e5), ..calm }),
        (RedFlag::ImplausibleTurnover, RedFlags { market_cap: Some(4e8), ..quiet }, calm),
        (RedFlag::Illiquid, quiet, CoinFigures { illiquidity: Some(6.0), ..calm }),
        (RedFlag::WildPrice, quiet, CoinFigures { volatility: Some(8.1), ..calm }),
        (RedFlag::Crash, RedFlags { change_24h: Some(-20.0), ..quiet }, calm),
        (RedFlag::DeepDrawdown, RedFlags { drawdown: Some(51.0), ..quiet }, calm),
        (RedFlag::Young, quiet, CoinFigures { age_days: Some(90.0), ..calm }),
        (RedFlag::StalePrice, RedFlags { price_age_hours: Some(25.0), ..quiet }, calm),
    ] {
        assert_eq!(flags.raised(&figures), [flag]);
    }
}

fn figure() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(prop_oneof![0.0..20.0_f64, 0.0..1e10_f64])
}

prop_compose! {
    fn figures()(
        illiquidity in figure(), volume_24h in figure(), volatility in figure(), holders in figure(), age_days in figure(),
    ) -> CoinFigures {
        CoinFigures { illiquidity, volume_24h, volatility, holders, age_days }
    }
}

proptest! {
    #[test]
    fn scores_stay_between_0_and_100_and_the_whole_between_its_parts(figures in figures()) {
        let parts = HealthParts::of(&figures);
        let known: Vec<f64> = parts.weighted().into_iter().filter_map(|(.., score)| score).collect();
        prop_assert!(known.iter().all(|score| (0.0..=100.0).contains(score)));
        prop_assert_eq!(known.len() + parts.missing().count(), 5);
        if let Some(overall) = parts.overall() {
            let least = known.iter().copied().fold(f64::INFINITY, f64::min);
            let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(least - 1e-9 <= overall && overall <= most + 1e-9);
        } else {
            prop_assert!(known.is_empty());
        }
    }

    #[test]
    fn a_missing_part_weighs_as_if_it_scored_what_the_others_do(figures in figures()) {
        // Rescaling to 100 % is the same as giving the missing parts the score of the rest.
        let parts = HealthParts::of(&figures);
        if let Some(overall) = parts.overall() {
            let filled: f64 =
                parts.weighted().into_iter().map(|(_, weight, score)| weight * score.unwrap_or(overall)).sum();
            prop_assert!((filled / 100.0 - overall).abs() < 1e-9);
        }
    }

    #[test]
    fn more_volume_holders_and_age_never_lower_a_score_and_less_steadiness_never_raises_it(
        figures in figures(),
        more in 1.0_f64..100.0,
    ) {
        let before = HealthParts::of(&figures).overall();
        let grown = |value: Option<f64>| value.map(|value| value * more);
        for (figures, rises) in [
            (CoinFigures { volume_24h: grown(figures.volume_24h), ..figures }, true),
            (CoinFigures { holders: grown(figures.holders), ..figures }, true),
            (CoinFigures { age_days: grown(figures.age_days), ..figures }, true),
            (CoinFigures { illiquidity: grown(figures.illiquidity), ..figures }, false),
            (CoinFigures { volatility: grown(figures.volatility), ..figures }, false),
        ] {
            let after = HealthParts::of(&figures).overall();
            prop_assert!(if rises { after >= before } else { after <= before }, "{before:?} {after:?}");
        }
    }
}
