//! What clients learn of the paid routes before they ask for one.
//!
//! Actix registers a handler without looking at it, so nobody can tell from outside which routes
//! have a gate, and asking them all would run the handlers that have none. Hence the paid routes
//! are registered through [`PaidRoutes`], which takes down what it registers, and a gate that
//! is about to ask for money looks whether it is on the list.

mod endpoint;
mod listing;
mod manifest;
mod openapi;
mod routes;

pub(crate) use listing::refuse_unlisted;
pub use manifest::L402Manifest;
pub use routes::PaidRoutes;
pub(crate) use routes::answer_asked;
