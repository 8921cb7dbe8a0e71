//! Tables.

use crate::rounds::{Sample, Target};

/// A comparison that has a goal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// CPU of the first over that of the second, at most.
    AtMost(f64),
    /// CPU of the second over that of the first, at least.
    AtLeast(f64),
    /// Only to be known.
    None,
}

/// Two targets by their places, and what is wanted of them.
pub(crate) type Pair = (usize, usize, Goal);

/// Prints a line for each target, then one for each pair.
pub(crate) fn table(title: &str, targets: &[Target], samples: &[Vec<Sample>], pairs: &[Pair]) {
    println!("\n{title}");
    println!(
        "{:<44} {:>8} {:>15} {:>8} {:>9} {:>8}",
        "", "CPU us", "quarter - 3rd", "Redis us", "requests/s", "others %"
    );
    for (target, samples) in targets.iter().zip(samples) {
        let [low, middle, high] = quartiles(samples.iter().map(|sample| sample.server_us));
        let [_, redis, _] = quartiles(samples.iter().map(|sample| sample.redis_us));
        let [_, rate, _] = quartiles(samples.iter().map(|sample| sample.per_second));
        let [_, foreign, _] = quartiles(samples.iter().map(|sample| sample.foreign));
        let spread = format!("{low:.1} - {high:.1}");
        println!(
            "{:<44} {middle:>8.1} {spread:>15} {redis:>8.1} {rate:>9.0} {:>8.0}",
            target.name,
            foreign * 100.0
        );
    }
    for (first, second, goal) in pairs {
        // Round by round, so that both met the same machine.
        let both = samples[*first].iter().zip(&samples[*second]);
        let upside_down = matches!(goal, Goal::AtLeast(_));
        let [low, middle, high] = quartiles(both.map(|(first, second)| {
            if upside_down { second.server_us / first.server_us } else { first.server_us / second.server_us }
        }));
        let (word, verdict) = match goal {
            Goal::AtMost(most) => ("to", verdict(middle <= *most, &format!("goal <= {most}"))),
            Goal::AtLeast(least) => ("less than", verdict(middle >= *least, &format!("goal >= {least}"))),
            Goal::None => ("to", String::new()),
        };
        let names = format!("{} {word} {}", targets[*first].name, targets[*second].name);
        println!("  {names}: {middle:.2}x ({low:.2} - {high:.2}) {verdict}");
    }
}

fn verdict(reached: bool, goal: &str) -> String {
    format!("{goal}: {}", if reached { "reached" } else { "MISSED" })
}

/// The quarter, the middle and the third quarter.
fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values.get((values.len().max(1) - 1) * quarter / 4).copied().unwrap_or(f64::NAN))
}
