//! What to set and to watch before real payers come.
//!
//! # Before the first payer
//!
//! - Keep the API key in the environment: [`L402Config::from_env`](crate::L402Config::from_env).
//! - Look before you start: [`L402Config::ready`](crate::L402Config::ready) in `main` asks the broker for
//!   the key, the plan and the receiving wallet, and the stores whether they can be used.
//!   [`L402Client::check`](crate::L402Client::check) is the broker's part of it, for health pages. The
//!   example `health` has a page that tells a refused key, which only you can mend, from a broker
//!   that is away, which passes.
//! - Set up a logger. What only you can mend is logged as an error; see [observability](super::observability).
//! - Serve over TLS. A credential is a bearer token: whoever has it can use it until it expires.
//! - Buy from your own API in a test, and have a test say what is free: [testing](super::testing).
//!
//! # The broker's limit
//!
//! The broker allows 100 calls a minute for an API key. An unpaid request is one call. Paid
//! requests are one call in ten seconds for each token, however many they are.
//!
//! | setting | what it does | default |
//! | --- | --- | --- |
//! | [`broker_budget`](crate::L402Config::broker_budget) | keeps crawlers from using up the calls that payers need | on |
//! | [`verify_cache`](crate::L402Config::verify_cache) | one call for all requests with a token within ten seconds | on |
//! | [`client_identity`](crate::L402Config::client_identity) | tells clients apart when they come through a proxy | by address |
//! | [`reuse_challenges`](crate::ClientIdentity::reuse_challenges) | one invoice for a client that keeps asking without paying | off |
//!
//! If paid requests alone use up the quota, new buyers get 503 until the minute is over. Several
//! processes may use one key without any setting; see [several processes](super::several_processes).
//!
//! # Behind a proxy
//!
//! - Name the proxy with [`client_identity`](crate::L402Config::client_identity). Otherwise all
//!   clients count as one, and each is refused for what the others have asked.
//! - A token is bound to the path that Actix sees. If the proxy rewrites paths, state a `resource`.
//! - Set the proxy's timeout above the broker client's, which is ten seconds. It covers all broker
//!   calls of a request.
//! - If the proxy keeps only one `Authorization` line, let clients send the payment in a
//!   [`credential_header`](crate::L402Config::credential_header).
//!
//! # Authentication
//!
//! Authentication as middleware turns strangers away before they see a price. As an argument of the
//! handler it runs after the payment, unless the route says `extract_first`. See
//! [existing auth](super::existing_auth).
//!
//! # Handlers
//!
//! - Do not block a worker: use [`web::block`](actix_web::web::block). Its other requests wait until it
//!   is free.
//! - With `extract_first` the bodies of clients that have not paid are read too. Set the extractors'
//!   limits to what you can afford.
//! - On a route with a token the payment is checked first, then your extractors run. A 400 from an
//!   extractor does not use up the token.
//! - Do not compute credit from [`Payment::amount_sats`](crate::Payment): a payer may be able to make
//!   it larger. Use your own price.
//! - For your books, write down [`Payment::payment_hash`](crate::Payment). It names the payment, and
//!   comes again with each use of the token.
//! - In a priced module, a private `async fn` without any attribute is taken for a helper, and a
//!   closure in `.to(..)` is left alone. To charge for one, write it as an `async fn` with `#[l402]`.
//!
//! # What outlives a restart
//!
//! | what | kept in | to keep it |
//! | --- | --- | --- |
//! | what `single_use`, `uses` and `units` have drawn | memory | a `RedbStore` (a file) or a `RedisStore` |
//! | verdicts, refusals, the budget | memory | not needed: the broker is asked again |
//!
//! Redis needs `maxmemory-policy noeviction` and `appendonly yes`. Several machines share all of it
//! with one line: [several processes](super::several_processes).
//!
//! # When the key changes
//!
//! Name the first one, which may have been revoked:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use l402_actix::{L402Client, L402Config};
//!
//! let client = L402Client::builder("the new key").account_key("the first key").build()?;
//! let config = L402Config::new(client);
//! # let _ = config;
//! # Ok(())
//! # }
//! ```
//!
//! Tokens belong to the merchant and stay good. What was drawn from a payment is kept under a name that is
//! made of the broker's URL and the key. Under another name a token that is used up would be good once
//! more until it expires, within the hour, and what is left of a pack that was paid by MPP would be lost.
//!
//! # Sizes
//!
//! | what | size |
//! | --- | --- |
//! | a broker call | 50 ms in its region, 200 ms across continents |
//! | an unpaid request | one broker call |
//! | a paid request with a verdict that stands | some microseconds; measured in `docs/PERFORMANCE.md` |
//! | memory of verdicts, refusals, payers | bounded, each a list of at most some thousands |
//!
//! # At the end
//!
//! A server that stops with grace answers its clients first. [`flush`](crate::flush) at the end of `main`
//! also waits for what goes on without a client: an MPP payment whose payer has left, a use that is
//! being written to Redis, `on_payment`.
//!
//! ```
//! # use std::time::Duration;
//! # async fn stop(server: actix_web::dev::Server) -> std::io::Result<()> {
//! server.await?; // `HttpServer::run()`
//! l402_actix::flush(Duration::from_secs(30)).await;
//! # Ok(())
//! # }
//! ```
//!
//! # If something goes wrong
//!
//! `docs/RELIABILITY.md` of the repository lists what can go wrong, what is answered then, and the test
//! that shows it. A failure never asks for payment, so whoever has paid can try again.
