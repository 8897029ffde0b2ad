//! Placeholder for the first commit: the items that the attribute expands to.
pub use l402_macros::l402;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
