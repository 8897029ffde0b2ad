//! The producer API as the hosted broker has it: a challenge for a mint, a verdict for a verify.
//! In comes a request to one of the two paths, with the state of the sandbox.
//! Out goes a reply; an `Err` is one too, a refusal of the call.
//! It never knows the server, the faults, or how an invoice comes to be paid.
//!
//! The wire types are written here a second time on purpose. If the client's were used, a field
//! that is misspelt in them would be misspelt on both sides, and no test would see it.

mod admission;
mod mint;
mod minute;
mod verify;

pub(crate) use self::mint::mint;
pub(crate) use self::verify::verify;
