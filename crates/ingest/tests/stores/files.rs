//! The files that are ingested.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

/// Endings of what the file ingest reads.
const READ: [&str; 5] = [".csv", ".csv.gz", ".csv.zst", ".json", ".parquet"];

/// Names of the market files of a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("MARKET_DATA_DIR={}: {error}", folder.display()))
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| READ.iter().any(|ending| name.ends_with(ending)))
        .collect();
    names.sort();
    names
}

/// The pairs that the files have candles of: no repository lists them.
pub(crate) fn pairs(folder: &Path, names: &[String]) -> BTreeSet<String> {
    let mut pairs = BTreeSet::new();
    for name in names.iter().filter(|name| name.starts_with("crypto_")) {
        let file = fs::File::open(folder.join(name)).unwrap();
        let mut rows = csv::Reader::from_reader(zstd::Decoder::new(file).unwrap());
        let symbol = rows.headers().unwrap().iter().position(|column| column == "symbol").unwrap();
        pairs.extend(rows.records().map(|row| row.unwrap()[symbol].to_owned()));
    }
    pairs
}

const DAILY: &str = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n";
const SECURITIES: u32 = 300;
const DAYS: [u32; 3] = [20_250_124, 20_250_127, 20_250_205];

/// Writes made-up files of the kinds that the real ones lack, with rows that come twice and rows that are refused; gives
/// their names in the order of their ingest, the bars twice.
pub(crate) fn made(folder: &Path) -> Vec<String> {
    let mut bars = DAILY.to_owned();
    let mut basics = "ts_code,trade_date,close,turnover_rate,turnover_rate_f,volume_ratio,pe,pe_ttm,pb,ps,ps_ttm,dv_ratio,\
                      dv_ttm,total_share,float_share,free_share,total_mv,circ_mv\n"
        .to_owned();
    let mut limits = "trade_date,ts_code,pre_close,up_limit,down_limit\n".to_owned();
    let mut suspensions = "ts_code,trade_date,suspend_timing,suspend_type\n".to_owned();
    for (day, date) in (0..).zip(DAYS) {
        for number in 0..SECURITIES {
            let code = code(number);
            let close = f64::from(1000 + number % 40 * 7 + day) / 100.0;
            let third = close / 3.0;
            // Many alike, some lacking, zeros of both signs: the order of hot lists is what is asked.
            let change = ["0", "-0.0", "", "1.5", "-1.5"][number as usize % 5];
            let amount = if number % 11 == 0 { String::new() } else { (number % 13 * 1000).to_string() };
            let bar =
                format!("{code},{date},{close},{close},{close},{close},{close},0,{change},1,{amount}\n");
            bars += &bar;
            if number % 17 == 0 {
                bars += &bar;
            }
            if number % 23 == 0 {
                let _ = writeln!(bars, "{code},{date},1,1,2,dear,1,,,1,1");
            }
            let _ = writeln!(
                basics,
                "{code},{date},{close},{third},,{third},{},,{third},1e-7,,0,-0.0,1e9,1e8,,{number},123456.789",
                if number % 3 == 0 { "-12.5" } else { "" }
            );
            let _ = writeln!(limits, "{date},{code},{close},{:.2},{:.2}", close * 1.1, close * 0.9);
            if number % 19 == 0 {
                let _ = writeln!(
                    suspensions,
                    "{code},{date},09:30-10:00,R\n{code},{date},,S\n{code},{date},,S\n{code},{date},,X"
                );
            }
        }
    }
    let files = [
        ("daily.csv", bars),
        ("daily_basic.csv", basics),
        ("stk_limit.csv", limits),
        ("suspend_d.csv", suspensions),
    ];
    let mut names: Vec<String> = Vec::new();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
        names.push(name.to_owned());
    }
    names.push("daily.csv".to_owned());
    names
}

fn code(number: u32) -> String {
    match number % 3 {
        0 => format!("{:06}.SZ", 1 + number),
        1 => format!("{:06}.SH", 600_000 + number),
        _ => format!("{:06}.BJ", 830_000 + number),
    }
}
