//! Bars and factors.

use stockpile_market::{
    Adjust, AdjustmentFactors, LimitRules, ListingAge, PriceLimits, Tick, is_limit_down, is_limit_up,
};

use super::*;

const TRADED: [SecurityKind; 2] = [SecurityKind::Stock, SecurityKind::Etf];

fn limits(bar: &DailyBar) -> Option<PriceLimits> {
    let age = ListingAge::on(bar.trade_date, SECURITIES[&bar.ts_code].list_date, &CALENDAR);
    LimitRules::exchange().prices(bar.ts_code, bar.trade_date, bar.pre_close.unwrap(), age, None)
}

#[test]
fn every_bar_is_on_the_tick() {
    for kind in TRADED {
        assert!(bars(kind).all(|bar| !bar.is_adjusted(kind)));
    }
}

#[test]
fn every_bar_holds_together() {
    for kind in SecurityKind::ALL {
        for bar in bars(kind) {
            let (open, high, low) = (bar.open.unwrap(), bar.high.unwrap(), bar.low.unwrap());
            assert!(low > 0.0 && low <= open.min(bar.close) && open.max(bar.close) <= high, "{bar:?}");
            let pre = bar.pre_close.unwrap();
            assert!((bar.change.unwrap() - (bar.close - pre)).abs() < 1e-4, "{bar:?}");
            let percent = ((bar.close / pre - 1.0) * 1e6).round() / 1e4;
            assert!((bar.pct_chg.unwrap() - percent).abs() < 1.5e-4, "{bar:?}");
        }
    }
}

#[test]
fn the_average_price_lies_between_low_and_high() {
    for bar in TRADED.into_iter().flat_map(bars) {
        let average = bar.amount.unwrap() * 10.0 / bar.vol.unwrap();
        assert!(bar.low.unwrap() - 1e-9 <= average && average <= bar.high.unwrap() + 1e-9, "{bar:?}");
    }
}

#[test]
fn every_stock_keeps_its_limits_and_new_listings_have_none() {
    let mut beyond = 0;
    for bar in bars(SecurityKind::Stock) {
        match limits(bar) {
            Some(limits) => {
                assert!(bar.high.unwrap() < limits.up + 1e-9, "{bar:?} {limits:?}");
                assert!(bar.low.unwrap() > limits.down - 1e-9, "{bar:?} {limits:?}");
            }
            None => {
                let since =
                    CALENDAR.trading_day_number(SECURITIES[&bar.ts_code].list_date.unwrap(), bar.trade_date);
                assert!(since.unwrap() <= 5, "{bar:?}");
                beyond += usize::from(bar.pct_chg.unwrap().abs() > 30.0);
            }
        }
    }
    assert!(beyond >= 5, "{beyond}");
}

#[test]
fn every_etf_keeps_a_limit_of_ten_or_twenty_percent() {
    for bar in bars(SecurityKind::Etf) {
        let (pre, half_tick) = (bar.pre_close.unwrap(), 0.000_5 + 1e-9);
        assert!(bar.high.unwrap() <= pre * 1.2 + half_tick && bar.low.unwrap() >= pre * 0.8 - half_tick);
    }
}

#[test]
fn stocks_of_every_board_close_at_their_limits() {
    for wanted in [Board::Main, Board::Chinext, Board::Star, Board::Bse] {
        let (mut up, mut down) = (0, 0);
        for bar in bars(SecurityKind::Stock).filter(|bar| board(bar.ts_code) == wanted) {
            let Some(limits) = limits(bar) else { continue };
            up += u32::from(is_limit_up(bar.close, limits, Tick::Hundredth));
            down += u32::from(is_limit_down(bar.close, limits, Tick::Hundredth));
        }
        assert!(up >= 3 && down >= 3, "{wanted:?}: {up} up, {down} down");
    }
}

#[test]
fn pre_close_is_the_close_before_but_on_ex_rights_days_where_the_factor_says_why() {
    let factors = factors();
    let (mut dividends, mut splits) = (0, 0);
    for (code, bars) in TRADED.into_iter().flat_map(series) {
        let points = &factors[&code];
        assert_eq!(points[0].0, bars[0].trade_date, "{code} starts with a factor");
        let factors = AdjustmentFactors::new(points.iter().copied()).unwrap();
        for pair in bars.windows(2) {
            let (before, bar) = (&pair[0], &pair[1]);
            let ratio = factors.factor(bar.trade_date).unwrap() / factors.factor(before.trade_date).unwrap();
            let pre_close = bar.pre_close.unwrap();
            if ratio == 1.0 {
                assert_eq!(pre_close, before.close, "{bar:?}");
            } else {
                assert!(ratio > 1.0 && pre_close < before.close, "{bar:?}");
                assert!((before.close / pre_close / ratio - 1.0).abs() < 2e-6, "{ratio} {bar:?}");
                *(if ratio > 1.1 { &mut splits } else { &mut dividends }) += 1;
            }
        }
    }
    assert!(dividends > 100 && splits > 10, "{dividends} dividends, {splits} splits");
}

#[test]
fn a_series_adjusted_forward_has_no_jump() {
    let factors = factors();
    for (code, mut bars) in TRADED.into_iter().flat_map(series) {
        let factors = AdjustmentFactors::new(factors[&code].iter().copied()).unwrap();
        factors.apply(Adjust::Qfq, &mut bars).unwrap();
        for pair in bars.windows(2) {
            let jump = pair[1].pre_close.unwrap() / pair[0].close - 1.0;
            assert!(jump.abs() < 5e-4, "{code} {} {jump}", pair[1].trade_date);
        }
    }
}

#[test]
fn an_index_starts_each_day_where_it_ended_and_moves_with_its_stocks() {
    for (code, bars) in series(SecurityKind::Index) {
        assert_eq!(bars.len(), DAYS.len(), "{code}");
        assert!(bars.windows(2).all(|pair| pair[1].pre_close == Some(pair[0].close)), "{code}");
        let (first, last) = (bars[0].close, bars[bars.len() - 1].close);
        assert!((0.3..4.0).contains(&(last / first)), "{code}: {first} to {last}");
    }
    for day in DAYS.iter() {
        let star = |bar: &&DailyBar| board(bar.ts_code) == Board::Star;
        let moves: Vec<f64> = day.stocks.iter().filter(star).map(|bar| bar.pct_chg.unwrap()).collect();
        let (least, most) =
            (moves.iter().copied().fold(99.0, f64::min), moves.iter().copied().fold(-99.0, f64::max));
        let index = day.indices.iter().find(|bar| bar.ts_code.text().as_str() == "000688.SH").unwrap();
        assert!((least - 0.001..=most + 0.001).contains(&index.pct_chg.unwrap()), "{}", day.date);
    }
}

#[test]
fn stocks_and_etfs_move_with_the_market_and_not_all_alike() {
    let index = &series(SecurityKind::Index)[&"000001.SH".parse().unwrap()];
    let index: BTreeMap<TradeDate, f64> =
        index.iter().map(|bar| (bar.trade_date, bar.pct_chg.unwrap())).collect();
    let average = |kind| {
        let all: Vec<f64> = series(kind)
            .values()
            .filter(|bars| bars.len() > 250)
            .map(|bars| {
                correlation(bars.iter().map(|bar| (bar.pct_chg.unwrap(), index[&bar.trade_date])).collect())
            })
            .collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    assert!((0.2..0.7).contains(&average(SecurityKind::Stock)), "{}", average(SecurityKind::Stock));
    assert!((0.5..0.98).contains(&average(SecurityKind::Etf)), "{}", average(SecurityKind::Etf));
}

#[test]
fn far_moves_are_more_frequent_than_a_normal_law_has_them() {
    let moves: Vec<f64> = bars(SecurityKind::Index).map(|bar| bar.pct_chg.unwrap()).collect();
    let count = moves.len() as f64;
    let square = moves.iter().map(|change| change * change).sum::<f64>() / count;
    let fourth = moves.iter().map(|change| change.powi(4)).sum::<f64>() / count;
    assert!(fourth / square / square > 3.5, "{}", fourth / square / square);
}

fn correlation(pairs: Vec<(f64, f64)>) -> f64 {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - mean_x, y - mean_y);
        (xy, xx, yy) = (xy + x * y, xx + x * x, yy + y * y);
    }
    xy / (xx * yy).sqrt()
}
