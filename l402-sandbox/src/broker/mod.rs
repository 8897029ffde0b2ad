//! The producer API as the hosted broker has it: a challenge for a mint, a verdict for a verify, and
//! what an account is and has sold.
//! In comes a request to one of its paths, with the state of the sandbox.
//! Out goes a reply; an `Err` is one too, a refusal of the call.
//! It never knows the server, the faults, or how an invoice comes to be paid.
//!
//! The wire types are written here a second time on purpose. If the client's were used, a field
//! that is misspelt in them would be misspelt on both sides, and no test would see it.

mod account;
mod admission;
mod date;
mod mint;
mod minute;
mod verify;
mod wrongly;

pub(crate) use self::account::{challenges, merchant};
pub(crate) use self::mint::mint;
pub(crate) use self::verify::verify;
pub(crate) use self::wrongly::wrongly;
