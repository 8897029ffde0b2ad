//! What a gated request costs, measured side by side.
//!
//! `load` (the binary) starts an instant [`broker`] and a [`server`] with all [`routes`], each in
//! a process of its own, sends requests from a third ([`client`]) and reports what the operating
//! system says that the server's process has used ([`process`]), as ratios ([`report`]).

pub mod broker;
mod by_hand;
pub mod client;
pub mod process;
pub mod report;
pub mod routes;
pub mod scenarios;
pub mod server;

/// What can go wrong in a measurement; it ends the run.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
