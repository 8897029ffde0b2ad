//! Several processes, several machines: what they share by themselves, and what needs a store.
//!
//! Any number of processes may use one API key. Nothing has to be set for it: each gets the same
//! [`L402Config`](crate::L402Config).
//!
//! # What is shared, and how
//!
//! | what | shared by | without it |
//! | --- | --- | --- |
//! | invoices, macaroons, whether a payment is good | the broker | |
//! | how many broker calls are left in the account's minute | the broker's replies: each says what is left, whoever has called | 100 calls a minute are counted in each process |
//! | which `single_use` tokens are spent | a `RedisStore`, on one machine a `RedbStore` for one process | each process sells a token once |
//! | who has paid | nobody: each process knows whom it has sold to and accepted | elsewhere a payer is a stranger until the first yes there |
//! | verdicts, refusals, what a client has asked in vain, challenges that a client holds | nobody | each process asks for itself |
//!
//! # What that means
//!
//! A token that was bought at one process opens the route at every other one: the broker verifies it,
//! and nobody else has to know of it. It costs one call for each process and ten seconds.
//!
//! Whoever has paid goes before strangers where it is known: at the process that sold to it, and at
//! each process that has accepted it. While a flood uses the account's minute up, a payer who comes to
//! another process for the first time waits like a stranger. Where that matters, let the balancer send
//! a client always to the same process.
//!
//! A process goes by its own part of what strangers ask in vain, and takes the other processes to see
//! as much as it does. A balancer that deals requests out evenly makes that true. So leave the
//! balancer at round robin or least connections, or at one process for each client. It is an estimate
//! all the same: with four processes under a flood at each, strangers can use the account's minute up
//! before the processes have heard of each other's calls, and then payers hear 503 until the minute is
//! over. Measured with one process and with two, whoever has paid is served.
//!
//! # What to set
//!
//! ```
//! use actix_web::http::header::HeaderName;
//! use l402_actix::{ClientIdentity, L402Config};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let client = l402_actix::L402Client::new("key")?;
//! // The balancer is in 10.0.0.0/16 and appends the address that it sees to this header.
//! let header = HeaderName::from_static("x-forwarded-for");
//! let clients = ClientIdentity::behind_proxies(["10.0.0.0/16"], header)?;
//! let config = L402Config::new(client).client_identity(clients);
//! # let _ = config;
//! # Ok(())
//! # }
//! ```
//!
//! - Name the balancer with [`client_identity`](crate::L402Config::client_identity). Else all clients
//!   are one, and each is refused for what the others have asked in vain.
//! - With `single_use`, keep what is spent in Redis: `L402Config::spent_tokens(RedisStore::new(url)?)`.
//! - Keep [`reuse_challenges`](crate::ClientIdentity::reuse_challenges) off, unless a client always
//!   comes to the same process.
//! - Leave [`broker_budget`](crate::L402Config::broker_budget) as it is. To divide 100 calls by the
//!   number of processes refuses payers while others have calls to spare.
//!
//! # What happens when a part is away
//!
//! | away | then |
//! | --- | --- |
//! | the broker | 502, 503 or 504; whoever has a verdict that stands is served for its ten seconds |
//! | Redis with spent tokens | `single_use` routes answer 503; all others go on |
//! | one process | the others go on; its clients are strangers to them until the first yes |
//! | one process, killed in a `single_use` handler | its token answers 409 until the lease runs out, then it is good again |
