//! Spans, alerts, figures and a health page.
//!
//! # Alerts: the log
//!
//! Everything goes out through `tracing`. Begin `main` with `tracing_subscriber::fmt::init();` to see it.
//! Without any logger the first fault is told on standard error, once, and nothing after it.
//!
//! A server on which nothing is wrong says nothing at `info`: that somebody has not paid is no event. The
//! lines about requests that fail have a field `kind`, one of these words, beside a text for people that
//! may change. They also name the pattern of the `route`, and where a call has failed its `cause` and a
//! `hint` where to look. Where anybody could cause a line with each request there is one a minute for each
//! route, and its `times` says for how many:
//!
//! | level | `kind` | what to do |
//! | --- | --- | --- |
//! | `ERROR` | `key_refused`, `plan_refused`, `no_wallet` | nothing can be sold: mend the key, the plan or the wallet |
//! | `ERROR` | `misconfigured` | a route without a price, without a config, or the like, or a handler that draws too much or forgets to: the text says which. At most one line a minute for each route |
//! | `ERROR` | `invalid_reply`, `request_refused` | the broker answers what it should not: is the URL right, is it the broker? |
//! | `ERROR` | `balance_store` | the store of balances is away or full, and routes with `uses`, `units` or `single_use` are answered 503 |
//! | `WARN` | `unreachable`, `unavailable`, `broker_fault`, `timeout` | the broker is away: wait, and look if it lasts |
//! | `WARN` | `rate_limited` | the broker's own limit is used up: are there other processes on this key? |
//! | `WARN` | `over_budget` | [`broker_budget`](crate::L402Config::broker_budget) has refused calls; `limiter` says for which limit. At most one line a minute |
//!
//! The few others, such as of a token that was served and cannot be marked as spent, say in their text
//! what has happened. An alert on `ERROR` in `l402_actix` is right for most. No line holds a key, a macaroon, a preimage
//! or an invoice.
//!
//! # Traces: the span
//!
//! A gated request has one span, `l402` at level `DEBUG`, around the gate's decision and the
//! handler's run. What the handler logs is in it, and it is in whatever span is around: the root span
//! of `tracing-actix-web`, if that wraps the app.
//!
//! | field | what it says |
//! | --- | --- |
//! | `route` | the pattern of the route, such as `/forecast/{city}`; `other` where no single one matches, as for files under a scope |
//! | `price_sats` | what the request costs, at the dearest of its gates |
//! | `outcome` | one of the words below |
//! | `reason` | why, for an outcome that has a reason |
//! | `broker_ms` | how long the request waited for the broker, all calls together, or for another request's call; 0 where a cache has answered, none where nobody was to be asked |
//!
//! | `outcome` | what has happened | `reason` |
//! | --- | --- | --- |
//! | `paid` | let in with a payment; what the handler then answers is not looked at | |
//! | `free` | let in by [`Price::FREE`](crate::Price::FREE) | |
//! | `challenged` | answered 402 | `no_credential`, `not_covered` (a token of another route, or that paid less), `expired` (a token that was good), `spent`, `invalid_token` (of MPP, or with [`Rechallenge`](crate::OnInvalidToken::Rechallenge)) |
//! | `rejected` | refused for something about it, or for a limit | `invalid_token`, `malformed_token`, `token_in_use`, `resource_blank`, `resource_too_long`, `over_budget`, `client_over_limit`, `payer_over_right`, `by_merchant` (an error of a `price_with`, or of an extractor under `extract_first`) |
//! | `broker_error` | refused for want of the broker's word | `key_refused`, `plan_refused`, `no_wallet`, `idempotency_key_reuse`, `rate_limited`, `unavailable`, `broker_fault`, `request_refused`, `timeout`, `unreachable`, `invalid_reply` |
//! | `server_error` | refused for something that is wrong here | `misconfigured`, `balance_store` |
//! | `preflight` | `OPTIONS`, which nobody pays for | |
//! | `abandoned` | the client went away before the gate had decided | |
//!
//! To see them in a terminal, let the subscriber print each span when it ends:
//!
//! ```toml
//! tracing-subscriber = { version = "0.3", features = ["env-filter"] }
//! ```
//!
//! ```
//! use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};
//!
//! tracing_subscriber::fmt()
//!     .with_env_filter(EnvFilter::from_default_env())
//!     .with_span_events(FmtSpan::CLOSE)
//!     .init();
//! ```
//!
//! With `RUST_LOG=info,l402_actix=debug` a request that is asked to pay, and the one that has paid, are
//!
//! ```text
//! DEBUG l402{route="/forecast/{city}" price_sats=100 outcome="challenged" reason="no_credential" broker_ms=10}: close
//! DEBUG l402{route="/forecast/{city}" price_sats=100 outcome="paid" broker_ms=3}: close
//! ```
//!
//! A gate under [`RequirePayment`](crate::RequirePayment) shares that one's span, so spans can be counted
//! as requests. The last gate to decide has the last word, except that what was paid for the scope stays
//! paid where a handler in it is free. Where nobody listens at `DEBUG` a span costs next to nothing.
//!
//! # With `log` alone
//!
//! An app with `env_logger` or the like and no subscriber of `tracing` gets the same lines, with the
//! fields in their text: `tracing` passes them on by its feature `log`, which Actix has switched on
//! for every app. Nothing is to be added. At `debug` each gated request is two lines, one when it
//! begins and one with how it went:
//!
//! ```text
//! DEBUG l402; route="/forecast/{city}"
//! DEBUG l402; price_sats=100 outcome="paid" broker_ms=52
//! ```
//!
//! # Figures: the feature `metrics`
//!
//! ```toml
//! l402-actix = { version = "0.1", features = ["metrics"] }
//! metrics-exporter-prometheus = { version = "0.18", default-features = false }
//! ```
//!
//! The figures go to whichever recorder the app has installed for the `metrics` crate. Install it
//! before the server starts: what is counted before it is lost.
//!
//! | name | labels | what it counts |
//! | --- | --- | --- |
//! | `l402_challenges_total` | `route`, `reason` | requests answered 402 with a challenge |
//! | `l402_paid_requests_total` | `route` | requests let in with a verified payment |
//! | `l402_free_requests_total` | `route` | requests let in by [`Price::FREE`](crate::Price::FREE) |
//! | `l402_rejections_total` | `route`, `outcome`, `reason` | gated requests that got neither content nor a challenge; `outcome` is `rejected`, `broker_error`, `server_error` or `abandoned` (with the reason `client_gone`) |
//! | `l402_payments_total` | `route` | distinct payments, at the first route that each has opened |
//! | `l402_payment_sats_total` | `route` | the sats of distinct payments, likewise: what is earned |
//! | `l402_broker_call_seconds` | `endpoint`, `outcome` | a histogram of how long the gates' calls to the broker took, and by its count how many there were; `endpoint` is `challenges` or `verify`, `outcome` is `ok`, a reason of `broker_error` above, `invalid_request`, `other`, or `abandoned` by the gate's deadline |
//! | `l402_cache_hits_total` | `cache` | calls that were spared: by a `verdict` that stands or another request is waiting for, a `refusal` that is remembered, a `challenge` that the client holds |
//! | `l402_limiter_refusals_total` | `limiter` | calls that were forbidden: by `budget_mint`, `budget_verify`, or the limit of one `client` or `payer` |
//!
//! - Each gated request is counted in one of the first four, once, also where two gates stand around
//!   each other. `OPTIONS` is counted in none.
//! - Sats are what the broker reads out of the token, and no more than the price at which it is first
//!   used: a token's holder can make what is read out larger.
//! - A payment is known by its payment hash and counts once, however often its token is used and on
//!   however many workers. The last 10,000 that were used are known; at the default budget a process
//!   mints 3,000 in an hour, and a token lives for one. After a restart, and on another process, a
//!   token that is used again counts again: for the books, write down
//!   [`Payment::payment_hash`](crate::Payment::payment_hash). An invoice that is paid and whose token
//!   is never presented is not seen here.
//! - All labels have their values from closed sets, and `route` from your own routing; a request that
//!   no single pattern matches has `other`. Clients cannot make series.
//! - The SDK's own repetition after a broken connection belongs to its call. Calls that you make with
//!   [`L402Client`](crate::L402Client) yourself are not counted.
//! - What an API earns is in them: let only your Prometheus read them.
//!
//! The example `metrics` of the repository serves them at `/metrics`, and `docs/grafana/l402.json` is
//! a dashboard to import into Grafana: sats and requests by route, reasons, broker calls against the
//! limit of 100 a minute, latency, caches and limits. What it shows of a stretch of time is what
//! Prometheus extrapolates between two scrapes. It wants buckets for
//! `l402_broker_call_seconds`; without `set_buckets_for_metric` the exporter makes a summary of it.
//!
//! # A health page
//!
//! [`L402Client::check`](crate::L402Client::check) asks the broker whether this account can sell:
//!
//! ```
//! use l402_actix::{L402Client, L402Error};
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let client: L402Client = sandbox.client(); // in production: L402Client::from_env()?
//! match client.check().await {
//!     Ok(()) => println!("selling"),
//!     Err(err @ (L402Error::Auth { .. } | L402Error::Plan { .. } | L402Error::NoWallet { .. })) => {
//!         println!("nothing can be sold, wake me: {err}");
//!     }
//!     Err(err) => println!("that passes: {err}"),
//! }
//! # assert_eq!(sandbox.verifies(), 0);
//! # }
//! ```
//!
//! At start-up, end the program on the second of these, and go on with the third. A health page that is
//! asked every second must not ask the broker each time: a check is one of the 200 questions a minute that an account
//! has, and with an older broker one of the 100 calls that payers need. The example `health` keeps a
//! good answer for half a minute and a bad one for five seconds. The error's text names the URL that
//! was tried: keep it in your log.
