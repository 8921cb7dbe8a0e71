//! What compressing a stored value costs and saves: the choice behind the feature `compression`, beside LZ4.
//!
//! `cargo bench -p stockpile-cache --features compression --bench compression`. Prints the ratios first.

use std::{fmt, io::Write as _};

use divan::{Bencher, black_box, counter::BytesCount};

const SIZES: [usize; 4] = [4 << 10, 16 << 10, 64 << 10, 200 << 10];

fn main() {
    let mut out = std::io::stdout();
    for rows in [Rows::Objects, Rows::Lists] {
        for size in SIZES {
            let body = rows.body(size);
            let ratio = |compressed: usize| body.len() as f64 / compressed as f64;
            let (lz4, zstd) = (ratio(lz4(&body).len()), [1, 3].map(|level| ratio(zstd(&body, level).len())));
            let line = format!(
                "{rows} {:>3} KiB: lz4 {lz4:.2}, zstd-1 {:.2}, zstd-3 {:.2}",
                size >> 10,
                zstd[0],
                zstd[1]
            );
            writeln!(out, "{line}").expect("a terminal takes a line");
        }
    }
    divan::main();
}

/// How a JSON body says its rows.
#[derive(Clone, Copy, Debug)]
enum Rows {
    Objects,
    Lists,
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Objects => "objects",
            Self::Lists => "lists",
        })
    }
}

impl Rows {
    /// Daily bars whose prices walk at random; always the same.
    fn body(self, size: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |most: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % most
        };
        let (mut rows, mut cents, mut length) = (Vec::new(), 168_850_u64, 0);
        while length < size {
            let day = rows.len();
            let open = cents + random(400) - 200;
            cents = (open + random(800) - 400).clamp(50_000, 500_000);
            let (high, low) = (open.max(cents) + random(300), open.min(cents) - random(300));
            let [open, high, low, close] = [open, high, low, cents].map(|cents| cents as f64 / 100.0);
            let (volume, amount) = (random(90_000_000), random(900_000_000_000) as f64 / 100.0);
            let date = format!("{:04}-{:02}-{:02}", 2000 + day / 250, 1 + day / 21 % 12, 1 + day % 28);
            let row = match self {
                Self::Objects => format!(
                    "{{\"date\":\"{date}\",\"open\":{open},\"high\":{high},\"low\":{low},\"close\":{close},\"volume\":{volume},\"amount\":{amount}}}"
                ),
                Self::Lists => format!("[\"{date}\",{open},{close},{volume}]"),
            };
            length += row.len() + 1;
            rows.push(row);
        }
        format!("{{\"code\":\"600519.SH\",\"rows\":[{}]}}", rows.join(",")).into()
    }
}

fn lz4(body: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress(body)
}

fn zstd(body: &[u8], level: i32) -> Vec<u8> {
    zstd::bulk::compress(body, level).expect("memory can be compressed")
}

#[divan::bench(args = SIZES)]
fn lz4_compresses(bencher: Bencher<'_, '_>, size: usize) {
    let body = Rows::Objects.body(size);
    bencher.counter(BytesCount::new(body.len())).bench(|| lz4(black_box(&body)));
}

#[divan::bench(args = SIZES)]
fn lz4_decompresses(bencher: Bencher<'_, '_>, size: usize) {
    let body = Rows::Objects.body(size);
    let compressed = lz4(&body);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench(|| lz4_flex::block::decompress(black_box(&compressed), body.len()));
}

#[divan::bench(args = SIZES, consts = [1, 3])]
fn zstd_compresses<const LEVEL: i32>(bencher: Bencher<'_, '_>, size: usize) {
    let body = Rows::Objects.body(size);
    bencher.counter(BytesCount::new(body.len())).bench(|| zstd(black_box(&body), LEVEL));
}

#[divan::bench(args = SIZES)]
fn zstd_decompresses(bencher: Bencher<'_, '_>, size: usize) {
    let body = Rows::Objects.body(size);
    let compressed = zstd(&body, 1);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench(|| zstd::bulk::decompress(black_box(&compressed), body.len()));
}
