//! How to do what a merchant wants to do, a page for each.
//!
//! Read it in your browser with `cargo doc -p l402-actix --all-features --open`, or in the repository
//! under `docs/guide`.
//!
//! | page | what it is about |
//! | --- | --- |
//! | [`pricing`] | fixed, computed and free; a module, a scope or a folder at one price; a price by the body |
//! | [`packs`] | a payment that buys so many answers, or so much of what you count |
//! | [`resources`] | what a token opens, and which routes share one |
//! | [`invalid_tokens`] | what a caller is answered whose token is refused |
//! | [`existing_auth`] | a route that asks for a bearer token, or a cookie, and a payment |
//! | [`browsers`] | the CORS lines without which a page cannot pay |
//! | [`paywall`] | a page with a QR code for people, JSON for programs |
//! | [`discovery`] | a public list of what you sell, for agents, and an OpenAPI document |
//! | [`mpp`] | payments in the `Payment` scheme, and what they cannot promise |
//! | [`observability`] | spans, alerts, figures for Prometheus, a health page |
//! | [`several_processes`] | one API key for several processes or machines: what they share by themselves |
//! | [`streams`] | server-sent events and other answers that take their time |
//! | [`websockets`] | a connection that stays open |
//! | [`uploads`] | bodies that are large: what is read before the payment, what is charged when |
//! | [`mcp_servers`] | tools for agents, each at its price |
//! | [`testing`] | tests of your own API that buy from it, without an account |
//! | [`production`] | what to set and to watch before real payers come |
//! | [`wire`] | every status, header and body |
//!
//! The code on them is compiled, and asked and paid through `l402-sandbox` where there is something
//! to ask. The repository has whole programs in `examples/examples`, each with a sandbox of its own:
//! `cargo run -p l402-examples --example dynamic_price` starts one.

pub mod browsers;
pub mod discovery;
pub mod existing_auth;
pub mod invalid_tokens;
pub mod mcp_servers;
pub mod mpp;
pub mod observability;
pub mod packs;
pub mod paywall;
pub mod pricing;
pub mod production;
pub mod resources;
pub mod several_processes;
pub mod streams;
pub mod testing;
pub mod uploads;
pub mod websockets;
pub mod wire;
