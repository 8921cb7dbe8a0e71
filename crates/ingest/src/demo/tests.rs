use super::*;
#[test]
fn probe() {
    let market = DemoMarket::new("20261120".parse().unwrap());
    let days: Vec<_> = market.days().collect();
    for code in ["600519.SH", "300750.SZ", "430047.BJ", "000300.SH", "510300.SH"] {
        for day in days.iter().step_by(60) {
            if let Some(b) =
                day.stocks.iter().chain(&day.etfs).chain(&day.indices).find(|b| b.ts_code.to_string() == code)
            {
                println!(
                    "{code} {} {:?} {:?} {:?} {} {:?} {:?} {:?}",
                    day.date, b.open, b.high, b.low, b.close, b.pct_chg, b.vol, b.amount
                );
            }
        }
    }
    println!("{}", days.last().unwrap().stocks.len());
    let mut closes: Vec<f64> = days.last().unwrap().stocks.iter().map(|b| b.close).collect();
    closes.sort_by(f64::total_cmp);
    println!("{closes:?}");
    println!("{} factors", days.iter().map(|d| d.factors.len()).sum::<usize>());
    for n in ["30", "10"] {
        println!("{n}");
    }
    for day in days.iter().step_by(25) {
        let up = day.stocks.iter().filter(|b| b.pct_chg.unwrap() > 0.0).count();
        let lim = day.stocks.iter().filter(|b| b.pct_chg.unwrap() > 9.9).count();
        let lo = day.stocks.iter().filter(|b| b.pct_chg.unwrap() < -9.8).count();
        let amount: f64 = day.stocks.iter().map(|b| b.amount.unwrap()).sum();
        println!(
            "{} {} up {up} limit {lim} down {lo} amount {} bn; index {:?}",
            day.date,
            day.stocks.len(),
            amount / 1e6,
            day.indices.iter().map(|b| b.close as i64).collect::<Vec<_>>()
        );
    }
    for s in market.securities().iter().step_by(9) {
        println!("{s:?}");
    }
}
