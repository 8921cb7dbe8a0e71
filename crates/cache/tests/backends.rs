//! The conformance suite, once per backend.

use std::sync::Arc;

use stockpile_cache::{
    MemoryBackend, NoopBackend, conformance_suite,
    testkit::{ChaosBackend, ManualClock, Subject},
};

fn memory() -> (MemoryBackend, ManualClock) {
    let clock = ManualClock::new();
    (MemoryBackend::new(64 << 20).with_clock(clock.shared()), clock)
}

conformance_suite!(noop, async { Some(Subject::new(Arc::new(NoopBackend))) });

conformance_suite!(memory, async {
    let (backend, clock) = memory();
    Some(Subject::new(Arc::new(backend)).with_clock(clock))
});

conformance_suite!(memory_by_the_clock_of_the_machine, async {
    Some(Subject::new(Arc::new(MemoryBackend::new(64 << 20))))
});

conformance_suite!(calm_chaos, async {
    let (backend, clock) = memory();
    Some(Subject::new(Arc::new(ChaosBackend::new(Arc::new(backend)))).with_clock(clock))
});
