//! Several processes, several machines: what they share by themselves, and what needs Redis.
//!
//! Any number of processes may use one API key; each gets the same [`L402Config`](crate::L402Config).
//! One process needs none of this page.
//!
//! # The one line
//!
//! Switch on the feature `redis`, and name the Redis that all of them reach:
//!
//! ```
//! # #[cfg(feature = "redis")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use actix_web::http::header::HeaderName;
//! use l402_actix::{ClientIdentity, L402Client, L402Config, RedisState};
//!
//! let client = L402Client::new("the merchant's key")?;
//! // The balancer is in 10.0.0.0/16 and appends the address that it sees to this header.
//! let header = HeaderName::from_static("x-forwarded-for");
//! let clients = ClientIdentity::behind_proxies(["10.0.0.0/16"], header)?;
//! let config = L402Config::new(client)
//!     .shared_state(RedisState::new("redis://:password@10.0.0.5/")?)
//!     .client_identity(clients);
//! # let _ = config;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "redis"))]
//! # fn main() {}
//! ```
//!
//! The other line names the balancer. Without it all clients are one, and each is refused for what the
//! others have asked in vain; see [`client_identity`](crate::L402Config::client_identity).
//!
//! Redis 5 or newer with `maxmemory-policy noeviction` and `appendonly yes`. One that evicts keys is
//! refused for balances: a used-up payment would be good again.
//!
//! # Try it
//!
//! The example `two_instances` (in `examples/examples/two_instances`) has a compose file with Redis, a sandbox in the broker's place
//! and two instances of an API:
//!
//! ```text
//! docker compose -f examples/examples/two_instances/compose.yaml up --build
//! ```
//!
//! Without Docker, each in a terminal of its own, from the repository's root:
//!
//! ```text
//! redis-server --appendonly yes --maxmemory-policy noeviction
//! cargo run --bin l402-sandbox
//!
//! export LIGHTNING_ENABLE_API_KEY=sandbox-key LIGHTNING_ENABLE_API_URL=http://127.0.0.1:8402
//! PORT=8081 cargo run -p l402-examples --example two_instances
//!
//! export LIGHTNING_ENABLE_API_KEY=sandbox-key LIGHTNING_ENABLE_API_URL=http://127.0.0.1:8402
//! PORT=8082 cargo run -p l402-examples --example two_instances
//! ```
//!
//! Then buy one answer from the first (with `jq`), and present the token that was good for it to the
//! second:
//!
//! ```text
//! curl -s http://127.0.0.1:8081/draw > challenge.json
//! PREIMAGE=$(cargo run -q --bin l402-sandbox -- pay $(jq -r .l402.invoice challenge.json))
//! TOKEN="L402 $(jq -r .macaroon challenge.json):$PREIMAGE"
//! curl -i http://127.0.0.1:8081/draw -H "Authorization: $TOKEN"
//! curl -i http://127.0.0.1:8082/draw -H "Authorization: $TOKEN"
//! ```
//!
//! Under the compose file the wallet is in the sandbox's container, and this line pays:
//!
//! ```text
//! PREIMAGE=$(docker compose -f examples/examples/two_instances/compose.yaml exec -T sandbox \
//!     l402-sandbox pay $(jq -r .l402.invoice challenge.json))
//! ```
//!
//! The first answers 200 and the second 402 with a new invoice: the token is used up there too. Stop
//! Redis, and a token for `/draw` is answered 503 while `/weather` is sold on. Without a token `/draw`
//! shows its price all the same; what is bought then is served once Redis is back.
//!
//! # What is shared, and how
//!
//! | what | shared by | without Redis |
//! | --- | --- | --- |
//! | invoices, macaroons, whether a payment is good | the broker | |
//! | how many broker calls are left in the account's minute | the broker's replies: each says what is left, whoever has called | 100 calls a minute are counted in each process |
//! | what a payment has drawn, on routes with `single_use`, `uses` or `units` | Redis; a `RedbStore` is for one process | each process sells all of it once, and once more after a restart |
//! | what was sold, who has paid, who was accepted | Redis, for an hour | elsewhere, and after a restart, a payer is a stranger until the first yes |
//! | challenges that a client holds ([`reuse_challenges`](crate::ClientIdentity::reuse_challenges)) | Redis | each process hands out its own, and one that was paid for elsewhere: leave it off |
//! | keys of [`idempotency_key_with`](crate::L402Config::idempotency_key_with) that are used up | Redis | each process finds it out with one more mint |
//! | how many calls of strangers have come to nothing in the last minute, of each and of all | Redis | each process counts what a client has asked in vain there, and takes the others to see as much as it does, but for what one client asks again and again |
//! | verdicts, refusals, what a payer has by right | nobody: each process asks and counts for itself | |
//!
//! Redis never says that a payment is good; only the broker does, and each process keeps its verdicts to
//! itself for their ten seconds. A shared verdict would let whoever can write to Redis open routes. So a
//! token costs one broker call for each process and ten seconds.
//!
//! A request that needs the broker asks Redis first: one round trip, about a hundredth of what the broker
//! takes, and none if this process has accepted the payer before. Nobody waits for what is written. A request that is served
//! by a verdict that stands does not ask Redis at all.
//!
//! # Sentinel, Cluster, TLS
//!
//! A connection can die with its master, and only Sentinel knows the next one. So what
//! `RedisState::with` takes is a function that connects; it is called anew when the connection has died.
//! The keys of an account are in one slot of a cluster. Switch on the features of the `redis` crate that
//! you need in your own `Cargo.toml`, such as `sentinel`, `cluster-async` or `tokio-rustls-comp`.
//!
//! Where a replica takes over, what the master had not yet told it is forgotten: what a payment drew in that
//! moment can be drawn once more.
//!
//! # What happens when a part is away
//!
//! | away | then |
//! | --- | --- |
//! | the broker | 502, 503 or 504; whoever has a verdict that stands is served for its ten seconds |
//! | Redis | routes with `single_use`, `uses` or `units` answer 503 with `Retry-After`; all others go on, each process by its own memory. After 100 ms of silence nobody waits for it, for five seconds at a time; a warning in the log says so once a minute |
//! | Redis, started anew without its data, or from an older copy | what was drawn since can be drawn once more until the token expires, and an MPP payment accepted since is not known; `appendonly yes` prevents both. Payers are strangers at processes that have not accepted them |
//! | Redis holds what another version wrote, or garbage | an error in the log once a minute, and the process's own memory |
//! | one process | the others go on, and know its payers |
//! | one process, killed while it answers a request of a balance | what that request held is out of use until its lease runs out, and then good again |
//!
//! # Without Redis
//!
//! A token that was bought at one process opens the route at every other one all the same: the broker
//! verifies it. What is missing is who goes first when the account's minute is short. While a flood uses
//! it up, a payer who comes to another process for the first time waits like a stranger, and with four
//! processes under a flood at each strangers can take the whole minute before the processes have heard of
//! each other's calls. Where that matters and there is no Redis, let the balancer send a client always to
//! the same process.
//!
//! # What not to set
//!
//! Leave [`broker_budget`](crate::L402Config::broker_budget) as it is. To divide 100 calls by the number
//! of processes refuses payers while others have calls to spare.
