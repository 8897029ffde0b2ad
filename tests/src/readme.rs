//! The README's code compiles.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
