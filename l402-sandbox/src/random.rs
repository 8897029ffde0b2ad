//! Bytes from the operating system.

#[expect(clippy::panic, reason = "without randomness there is nothing to mint from")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap_or_else(|err| panic!("no randomness: {err}"));
    bytes
}
