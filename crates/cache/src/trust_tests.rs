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
