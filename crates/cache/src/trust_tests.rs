//! Apart from the file they test, which the model checks compile as well.

use crate::trust::Trust;

#[test]
fn trust_ends_with_age_and_when_it_is_withdrawn() {
    let trust = Trust::new(10);
    assert!(trust.holds(100, 109));
    assert!(!trust.holds(100, 110));
    trust.withdraw(105);
    assert!(!trust.holds(105, 106));
    assert!(trust.holds(106, 106));
    trust.withdraw(50);
    assert!(trust.holds(106, 106), "withdrawing goes forward only");
}

#[test]
fn endless_trust_does_not_overflow() {
    assert!(Trust::new(u64::MAX).holds(u64::MAX - 1, u64::MAX - 1));
}

#[test]
fn clock_set_back_takes_all_trust_until_it_starts_over() {
    let trust = Trust::new(60_000);
    trust.withdraw(10_000_000);
    assert!(trust.holds(10_000_001, 10_000_002));
    let back = 10_000_000 - 3_600_000;
    assert!(!trust.holds(10_000_001, back) && !trust.holds(back, back) && trust.was_set_back(back));
    trust.start_over(back);
    assert!(trust.holds(back, back) && !trust.holds(0, back));
    assert!(!trust.was_set_back(back - 4_000), "a little back is taken for standing still");
}
