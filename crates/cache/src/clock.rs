use std::fmt::Debug;

/// Where a cache reads the time from.
///
/// Everything that expires asks this; only the timeouts of a call use tokio's timer.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the milliseconds since the start of 1970, UTC.
    fn now_ms(&self) -> u64;
}

/// The clock of the machine, a few milliseconds coarse on Linux.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(target_os = "linux")]
    fn now_ms(&self) -> u64 {
        // 6 ns; the exact clock takes several times as much.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        seconds * 1000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
    }

    #[cfg(not(target_os = "linux"))]
    fn now_ms(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        since.as_secs() * 1000 + u64::from(since.subsec_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_clock_agrees_with_the_standard_library() {
        let exact = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let exact = u64::try_from(exact).unwrap();
        assert!(SystemClock.now_ms().abs_diff(exact) < 1000);
    }
}
