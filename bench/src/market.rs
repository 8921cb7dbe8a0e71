//! A market made up for the bench: 40 stocks on 64 days.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Result, ensure};

const STOCKS: u32 = 40;
pub(crate) const DAYS: u32 = 64;
/// Rows of an answer: about 3.3 kB.
const ROWS: u32 = 24;

/// The days, as the API writes them.
pub(crate) fn days() -> Vec<String> {
    (0..DAYS).map(|day| format!("2024{:02}{:02}", 3 + day / 16, 1 + day % 16)).collect()
}

/// What is asked for a day.
pub(crate) fn target(day: &str) -> String {
    format!("/api/overview/hot-stocks?date={day}&limit={ROWS}")
}

/// Takes the market into a store.
pub(crate) fn ingest(programs: &Path, folder: &Path) -> Result<()> {
    let mut bars = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n".to_owned();
    for (day, number) in days().iter().zip(0..) {
        for stock in 0..STOCKS {
            let cents = 1000 + (stock * 7919 + number * 104_729) % 9000;
            let yuan = |offset: u32| f64::from(cents + offset) / 100.0;
            let (open, high, low, close, before) = (yuan(5), yuan(90), yuan(0), yuan(60), yuan(40));
            let change = 20.0 / f64::from(cents + 40) * 100.0;
            let vol = 10_000 + stock * 3137 + number * 17;
            let amount = f64::from(vol) * close / 10.0;
            writeln!(
                bars,
                "6000{stock:02}.SH,{day},{open},{high},{low},{close},{before},0.2,{change:.4},{vol},{amount:.3}"
            )?;
        }
    }
    fs::write(folder.join("bars.csv"), bars)?;
    let mut facts = "ts_code,symbol,name,area,industry,cnspell,list_status,list_date\n".to_owned();
    for stock in 0..STOCKS {
        writeln!(facts, "6000{stock:02}.SH,6000{stock:02},测试{stock:02},上海,银行,cs{stock:02},L,20010827")?;
    }
    fs::write(folder.join("stock_basic.csv"), facts)?;
    let done = Command::new(programs.join("stockpile"))
        .args(["ingest", "file", "bars.csv", "stock_basic.csv"])
        .env("STORAGE_URL", "sqlite://stockpile.db")
        .current_dir(folder)
        .output()?;
    ensure!(done.status.success(), "the market was not taken in: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
