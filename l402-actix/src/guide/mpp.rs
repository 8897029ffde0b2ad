//! Payments in the `Payment` scheme (MPP), beside L402.
//!
//! Some payers speak MPP and no L402. Switched on, a 402 carries the broker's MPP challenge as a
//! second `WWW-Authenticate` line over the same invoice, and a payment in that scheme opens the
//! route once:
//!
//! ```
//! use actix_web::{App, get, test};
//! use l402_actix::{L402Config, l402};
//!
//! #[get("/weather")]
//! #[l402(price_sats = 100)]
//! async fn weather() -> &'static str {
//!     "sunny"
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let client = sandbox.client();
//! let config = L402Config::new(client).mpp(true);
//! let app = test::init_service(App::new().app_data(config).service(weather)).await;
//!
//! let request = test::TestRequest::get().uri("/weather").to_request();
//! let unpaid = test::call_service(&app, request).await;
//! let mut offers = unpaid.headers().get_all("www-authenticate");
//! assert!(offers.next().unwrap().as_bytes().starts_with(b"L402 "));
//! assert!(offers.next().unwrap().as_bytes().starts_with(b"Payment "));
//! # }
//! ```
//!
//! The L402 line stays the first, for clients that read only one. The second is left out where the
//! broker sends none that clients of today's MPP can read. Handlers need no change: they get the
//! same [`Payment`](crate::Payment).
//!
//! # What it costs
//!
//! One call for each MPP payment that is good: the broker takes a payment once, so the gate asks
//! about it once. There is no diagnosis of a refused one, and no second try when the connection
//! breaks.
//!
//! The call goes on when its client leaves or the gate's deadline passes (504), for up to three times the
//! client's timeout. Whoever presents the same payment meanwhile waits for that call, and after the yes
//! it is good.
//!
//! # What a refusal looks like
//!
//! | the payment | answer |
//! | --- | --- |
//! | used up, for something else, or not the broker's | 402 with a fresh challenge of both schemes |
//! | sold here for just this and never accepted; or the broker can make nothing of it | 403 without a challenge: the next one would be refused like this one |
//! | several in one request | 400 |
//! | not readable | 402 |
//!
//! The bodies are RFC 9457 problems beside what they are for L402 clients, with a `type` of the MPP
//! drafts.
//!
//! # The receipt
//!
//! A 2xx whose payment was verified for that request carries `Payment-Receipt`, for L402 payments too:
//! base64url of JSON with the payment hash, the time and, for MPP, the challenge's `id`. For pages of
//! other origins name it in `Access-Control-Expose-Headers`.
//!
//! # What it cannot promise
//!
//! - **A payment is lost if the broker's answer does not arrive** (502, or 504 and then 403), or if the
//!   process ends before that answer is written down. The broker takes each payment once. A server that
//!   stops with grace waits for its clients; [`flush`](crate::flush) at the end of `main` also waits for the
//!   calls whose clients have left.
//! - **What your store of [balances](crate::L402Config::balances) forgets is lost too.** Once the broker has
//!   said yes, that store answers for the payment: after a 5xx, or an extractor's error, it is good again.
//!   After a restart the memory store, and a store that was put back from a backup, know nothing of it.
//! - **Several processes without [`shared_state`](crate::L402Config::shared_state) can ask to pay again.**
//!   That a payment was sold here, for just this, is known to the process that sold it. Another one that
//!   the broker says no to answers 402 where that one answers 403: after a lost answer, or while the call
//!   of a client that has left is still under way at the first one. So is it after a restart.
//! - **The preimage alone is the credential**, and every node on the payment's route learns it
//!   before the payer does. An L402 token needs the macaroon too, which they never see.
//! - **Under [`RequirePayment`](crate::RequirePayment) the scope takes it**, also where a handler in it
//!   costs more. There the payer is answered 402 for a token at the handler's price. The payment stays good
//!   for the rest of the scope.
//! - **It buys one answer** on a route that states neither `uses` nor `units`. An L402 token opens its
//!   resource until it expires.
//!
//! So offer it where one call is worth little. With `extract_first` a client learns that its
//! request is malformed before it is asked for money, and not by losing a payment. For that, take the body
//! as an argument of its own. In a tuple of a `Payment` and the body the trial ends at the `Payment`, which
//! is not there yet, so the body is looked at only after the payment.
