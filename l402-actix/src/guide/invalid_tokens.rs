//! What a caller is answered whose token the broker refuses.
//!
//! A token may be forged, expired, or of another merchant; or genuine and only not for this
//! request: bought for another route, or when it was cheaper. The first should hear 401, since
//! paying again would not help. The second should hear 402, since it would.
//!
//! | [`OnInvalidToken`](crate::OnInvalidToken) | not genuine | was good, or genuine and not for this | calls to the broker |
//! | --- | --- | --- | --- |
//! | `Diagnose` (default) | 401 | 402 | one or two verifications, and a mint for a 402 |
//! | `Unauthorized` | 401 | 401 | one verification |
//! | `Rechallenge` | 402 | 402 | one verification and a mint |
//! | `custom(..)` | your answer | 402 | as `Diagnose` |
//!
//! A token was good that was accepted here before, or whose own expiry is past. In every mode a token
//! that was sold here for just this, and never accepted, is 401: it has just been paid, and the broker
//! may learn of that in a moment. A refused MPP payment is 402 in every mode, or 403 for the same
//! reason.
//!
//! `Diagnose` is the default because of clients that keep a token for several routes: on a 401
//! they stay locked out for as long as they keep it, on a 402 they pay and go on.
//!
//! # An answer of your own
//!
//! ```
//! use actix_web::{App, HttpRequest, HttpResponse, Responder, get, test};
//! use l402_actix::{L402Config, OnInvalidToken, l402, l402_server::Verification};
//!
//! async fn explain(request: HttpRequest, verdict: Verification) -> impl Responder {
//!     // The reason may repeat what the caller sent: good for a log, not for a page.
//!     eprintln!("{}: {:?}", request.path(), verdict.error);
//!     HttpResponse::Unauthorized().body("This receipt is not one of ours, or it has expired.")
//! }
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
//! let config = L402Config::new(client).on_invalid_token(OnInvalidToken::custom(explain));
//! # let app = test::init_service(App::new().app_data(config).service(weather)).await;
//!
//! let forged = test::TestRequest::get()
//!     .uri("/weather")
//!     .insert_header(("Authorization", "L402 forged:00"))
//!     .to_request();
//! let response = test::call_service(&app, forged).await;
//! assert_eq!(response.status(), 401);
//! assert!(!response.headers().contains_key("www-authenticate"));
//! # }
//! ```
//!
//! It is called for a token that is not genuine, and for nothing else:
//!
//! | what comes | what is answered in its place |
//! | --- | --- |
//! | a token that was good | 402 |
//! | a token that was just sold here, or that the broker cannot even read | 401 |
//! | an MPP payment that is refused | 402 or 403 |
//! | what is not shaped like a credential | 402 |
//! | any token while the broker fails: a failure is never an invalid token | 502, 503 or 504 |
//!
//! # What it costs
//!
//! `Diagnose` asks the broker a second time, without the resource and the price. That answer only
//! chooses between 401 and 402; it never opens the route. Where refused tokens eat up your calls,
//! `Unauthorized` halves them.
//!
//! # What goes wrong
//!
//! - What `custom` answers is served without a payment. Nothing in it may be worth money.
//! - A payment challenge that your answer carries is taken out unless its status is 402: clients
//!   pay what they find, on whichever status.
//! - `Rechallenge` asks for money because a token was refused. What was just sold here is not asked to
//!   pay again, but with several processes and no shared state another one does not know that.
//! - `Unauthorized` locks callers with a token of a neighbouring route out until they drop it. Let
//!   such routes share a [resource](super::resources).
