//! Placeholder docs.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod caching;
mod challenge;
mod config;
mod credential;
mod error;
mod gate;
mod payment;
mod pricing;
mod resource;

pub use config::L402Config;
pub use l402_macros::l402;
pub use l402_server::{self, L402Client, L402Error};
pub use payment::{NoPayment, Payment};
