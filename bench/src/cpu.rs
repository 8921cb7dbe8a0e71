//! CPU time from the system's own accounting.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

/// What a process has used so far, user and system, over the threads it has.
///
/// From the scheduler's nanoseconds rather than the hundredths of a second of `/proc/PID/stat`. A thread that ended is not
/// counted; the servers end none while they are measured.
pub(crate) fn of_process(pid: u32) -> Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(&folder).with_context(|| format!("process {pid} is gone"))? {
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let ran = text.split_whitespace().next().and_then(|field| field.parse().ok());
        total += Duration::from_nanos(ran.context("the kernel keeps no schedstat")?);
    }
    Ok(total)
}

/// What the whole machine has used so far.
pub(crate) fn of_machine() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, then idle and iowait, then irq, softirq; the rest is another machine's or counted already.
    let busy: u64 = [0, 1, 2, 5, 6].iter().filter_map(|at| fields.get(*at)).sum();
    Ok(Duration::from_millis(busy * 10))
}

/// Cores of the machine.
pub(crate) fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}
