//! What the compiler says to a cached function that cannot work.

#[test]
fn every_mistake_is_told_at_compile_time() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
