//! Packs and metered use: a payment that buys so many answers, or so much of what you count.
//!
//! Without more, a payment opens its resource as often as its payer likes, for the hour that the
//! broker's tokens live. That is right for what costs you nothing. Where each answer costs you
//! something, count.
//!
//! # A pack of answers
//!
//! ```
//! use actix_web::{App, get, test};
//! use l402_actix::{L402Config, l402};
//!
//! #[get("/forecast")]
//! #[l402(price_sats = 1000, uses = 100)]
//! async fn forecast() -> &'static str {
//!     "sunny"
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(forecast)).await;
//! let request = test::TestRequest::get().uri("/forecast").to_request();
//! let unpaid = test::call_service(&app, request).await;
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! let request = test::TestRequest::get().uri("/forecast").insert_header(("Authorization", credential));
//! let paid = test::call_service(&app, request.to_request()).await;
//! assert_eq!(paid.headers().get("RateLimit-Policy").unwrap(), r#""uses";q=100"#);
//! assert_eq!(paid.headers().get("RateLimit").unwrap(), r#""uses";r=99"#);
//! # }
//! ```
//!
//! `single_use` is `uses = 1`. [`RequirePayment::uses`](crate::RequirePayment::uses) counts for a scope
//! or a folder of files.
//!
//! # Metered use
//!
//! ```
//! use actix_web::{Error, Responder, post};
//! use l402_actix::{Balance, l402};
//!
//! /// 2,000 sats buy a million tokens of the model.
//! #[post("/complete")]
//! #[l402(price_sats = 2000, units = 1_000_000, hold = 4096)]
//! async fn complete(prompt: String, balance: Balance) -> Result<impl Responder, Error> {
//!     // What reading the prompt costs is known, and drawn, before the model begins.
//!     let read = tokens(&prompt);
//!     while balance.held() <= read {
//!         balance.hold_more(read + 1 - balance.held()).await?;
//!     }
//!     balance.draw(read)?;
//!     // And the model writes no more than is held.
//!     let answer = model(&prompt, balance.held()).await;
//!     balance.draw(tokens(&answer))?;
//!     Ok(answer)
//! }
//!
//! fn tokens(text: &str) -> u64 {
//!     text.split_whitespace().count() as u64
//! }
//!
//! async fn model(prompt: &str, most: u64) -> String {
//!     let most = usize::try_from(most).unwrap_or(usize::MAX);
//!     prompt.split_whitespace().take(most).map(str::to_uppercase).collect::<Vec<_>>().join(" ")
//! }
//! # let _ = complete;
//! ```
//!
//! Draw before you work, or bound the work by what is held. A handler that works first and draws then is
//! answered 500 whenever the work costs more than it holds: its payer has drawn nothing, and can have you
//! work again, as often as they like. The example `llm_proxy` sells a model of somebody else's.
//!
//! - `units` is what one payment buys, in whatever you count.
//! - `hold` is what one request holds while it runs, or what is left if that is less. So two requests
//!   of one payer never draw the same units. Choose the most that one answer usually draws.
//! - [`Balance::draw`](crate::Balance::draw) takes from what is held. It fails, and draws nothing, if
//!   that is not enough. Call [`hold_more`](crate::Balance::hold_more) first, or end the answer.
//! - A stream takes the `Balance` along and draws as it goes. Each piece is sent only when the draws
//!   before it are written down. The example `metered` does so, `packs` is a pack.
//!
//! # What a request costs, by how it ends
//!
//! | the request ends with | `uses` | `units` |
//! | --- | --- | --- |
//! | 200, or another status below 400 | one use | what was drawn; all that is held if the handler never drew, with an error in the log |
//! | 304, or an answer to `HEAD` below 300, if it has no `Location`, `Refresh` or `Set-Cookie` | nothing | what was drawn |
//! | 304, or an answer to `HEAD`, otherwise | as one to `GET` | as one to `GET` |
//! | 4xx of the handler | one use, unless [`draw_on`](crate::L402Config::draw_on) says otherwise | what was drawn |
//! | 4xx of an extractor of a gated handler, a refusal of a gate within a scope | nothing | nothing |
//! | under [`RequirePayment::uses`](crate::RequirePayment::uses): 4xx of another handler's extractor, 404 or 405 where there is no handler | one use, unless [`draw_on`](crate::L402Config::draw_on) says otherwise; see [`pricing`](super::pricing#a-price-for-what-has-no-handler-of-yours) | not counted |
//! | 5xx, a panic | nothing | nothing |
//! | a panic in a stream that has begun | one use, drawn when it began | what was drawn and written before it |
//! | `draw(0)` of the handler | nothing | nothing |
//! | 101, a WebSocket | one use | what was drawn |
//! | a client that leaves before the handler is called | nothing | nothing |
//! | a client that leaves while the handler runs | one use | what was drawn |
//! | a client that leaves a stream | one use, drawn when it began | what was drawn |
//! | a server that stops with grace | as without the stop | as without the stop |
//! | a server that stops without grace | one use if the handler was called, as if the client had left, or nothing | what was drawn, or what was drawn and written |
//! | a server that is killed | nothing, unless the answer was about to be sent | what was drawn and written, at most what the request held |
//! | an answer whose draw cannot be written down | it is not sent: 503, and nothing is drawn | the same; a stream is cut off |
//!
//! An answer to `HEAD` is free because what is sold is in the body, which it does not have. What stands in
//! a `Location`, such as a signed link to a download, or in a cookie may be all that is sold: free, one
//! payment would buy it without end. If you sell what stands in other headers, let the route take no
//! `HEAD`, or draw for it.
//!
//! # What the payer sees
//!
//! The 402 says `uses` or `units`. Each answer to a payment says what is left:
//!
//! ```text
//! RateLimit-Policy: "units";q=1000000
//! RateLimit: "units";r=998411
//! ```
//!
//! When nothing is left the payer is answered 402 with a fresh invoice. While all that is left is held
//! by its other requests, it is answered 409 with `Retry-After`. A 409 without one is a handler's whose
//! `hold_more` found too little for just this request: what is left is good for smaller ones, and who asks
//! without the token is sold another. Trying the same again does not help.
//!
//! # Where balances are kept
//!
//! | [`balances`](crate::L402Config::balances) | a restart | several processes |
//! | --- | --- | --- |
//! | `MemoryStore`, the default | forgets what was drawn; the log says so | each sells the payment once more |
//! | `RedbStore`, feature `redb` | forgets nothing | one process for each file |
//! | `RedisStore`, feature `redis` | forgets nothing | share them; [`shared_state`](super::several_processes) brings it along |
//!
//! A token lives for an hour by the broker's default, and the balance with it: what is not drawn by then
//! is lost to its payer. So sell packs that are used up within an hour. The balance is named by the
//! payment, so routes with the same `resource` share one. They have to count the same, uses or units.
//!
//! All configs of an account keep balances in one place, since a payment would be worth as much in each.
//! A config that says nothing keeps them in memory. One that names another place than those in use is
//! answered 500 on such routes before anybody pays, and the log names both places.
//!
//! # What goes wrong
//!
//! - A handler with `units` that never calls `draw` costs its payer all that it held, each time, and
//!   says so in the log. If its answer is a stream that the client leaves, or that ends in an error, it
//!   costs nothing.
//! - Draw as you go. A stream that draws at its end gives away what it sent to whoever leaves before.
//! - Look at what [`draw`](crate::Balance::draw) returns, with `?` or by ending the stream. What you send
//!   after a draw that was refused costs nothing; the log says that it was refused.
//! - Routes that share a resource share what is drawn, and each compares it with its own number. After one
//!   answer a payment is used up at a route with `uses = 1`, and has four left at one with `uses = 5`. State
//!   the same on all.
//! - A `hold` that is larger than what is left still lets the request in: it holds less. Look at
//!   [`held`](crate::Balance::held) before an expensive step.
//! - A stream that is quiet for long is noticed late: Actix learns at the next write that a client has
//!   gone. Send a comment now and then.
//! - `price_with` changes the price and not what it buys: a payment at any price that is accepted buys
//!   the route's `uses` or `units`.
