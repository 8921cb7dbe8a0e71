//! What a search over 10,000 securities costs, and what making the index does.
//!
//! `cargo bench -p stockpile-market --bench search`. The limit of a search is 2 ms.
#![allow(clippy::unwrap_used, reason = "bench")]

use divan::{Bencher, black_box};
use stockpile_market::{SearchIndex, Security, SecurityKind};

const SECURITIES: u32 = 10_000;
const PARTS: [&str; 8] = ["平安", "贵州", "重庆", "银行", "科技", "中国", "股份", "电气"];

fn main() {
    divan::main();
}

fn securities() -> Vec<Security> {
    (0..SECURITIES)
        .map(|number| {
            let part = |divisor: u32| PARTS[(number / divisor % 8) as usize];
            let code = format!("{number:06}.SZ").parse().unwrap();
            let name = format!("{}{}{}", part(1), part(8), part(64));
            Security { name: Some(name), ..Security::unknown(code, SecurityKind::Stock) }
        })
        .collect()
}

#[divan::bench(args = ["000001", "0", "平安银行科技", "银行", "payh", "p", "pinganyinhang", "yinhangkeji", "zhongguogufend", "nothing"])]
fn search(bencher: Bencher<'_, '_>, text: &str) {
    let index = SearchIndex::new(securities());
    bencher.bench_local(|| index.search(black_box(text), None, 50).len());
}

#[divan::bench]
fn index(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(securities).bench_local_values(SearchIndex::new);
}
