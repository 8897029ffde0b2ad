//! The READMEs' code compiles.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../l402-actix/README.md")]
struct CrateReadme;
