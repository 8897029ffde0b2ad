//! What the compiler says to each mistake: one file for each rule that can be broken.

/// One run for all, because a run builds the whole tree again.
#[test]
fn each_mistake_is_told_on_the_token_to_edit() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
