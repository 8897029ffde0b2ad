//! What clients learn of the paid routes before they ask for one.
//!
//! In: the routes, registered through [`PaidRoutes`], which takes down what it registers.
//! Out: the manifest, what an OpenAPI document says of them, and the list that gates look at.
//! Never: whether a request has paid.
//!
//! Actix registers a handler without looking at it, so nobody can tell from outside which routes
//! have a gate, and asking them all would run the handlers that have none.

mod endpoint;
mod manifest;
mod openapi;
mod routes;

pub use manifest::L402Manifest;
pub use routes::PaidRoutes;
