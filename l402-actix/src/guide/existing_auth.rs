//! Routes that ask for a bearer token, or a cookie, and a payment.
//!
//! The gate reads all `Authorization` lines and leaves those of other schemes alone. What was
//! there before it stays as it is.
//!
//! # Bearer tokens
//!
//! With `actix-web-httpauth` as middleware (`cargo add actix-web-httpauth`), outside of the gate:
//!
//! ```
//! use actix_web::{App, Error, dev::ServiceRequest, error, get, http::header::HeaderName, web};
//! use actix_web_httpauth::{extractors::bearer::BearerAuth, middleware::HttpAuthentication};
//! use l402_actix::{L402Config, Payment, l402};
//!
//! async fn is_customer(
//!     request: ServiceRequest,
//!     bearer: BearerAuth,
//! ) -> Result<ServiceRequest, (Error, ServiceRequest)> {
//!     match bearer.token() {
//!         "alice" => Ok(request),
//!         _ => Err((error::ErrorForbidden("no customer of ours"), request)),
//!     }
//! }
//!
//! #[get("/report")]
//! #[l402(price_sats = 100)]
//! async fn report(bearer: BearerAuth, payment: Payment) -> String {
//!     format!("{} paid {}", bearer.token(), payment.amount_sats)
//! }
//!
//! # use actix_web::test;
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let client = sandbox.client();
//! let config = L402Config::new(client)
//!     .credential_header(HeaderName::from_static("x-l402-authorization"));
//! let customers = web::scope("")
//!     .wrap(HttpAuthentication::bearer(is_customer))
//!     .service(report);
//! let app = App::new().app_data(config).service(customers);
//! # let app = test::init_service(app).await;
//! # let stranger = test::TestRequest::get().uri("/report").to_request();
//! # assert_eq!(test::call_service(&app, stranger).await.status(), 401);
//! # assert!(sandbox.requests().is_empty());
//! # let alice = || {
//! #     let request = test::TestRequest::get().uri("/report");
//! #     request.append_header(("Authorization", "Bearer alice"))
//! # };
//! # let unpaid = test::call_service(&app, alice().to_request()).await;
//! # let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! # for name in ["Authorization", "X-L402-Authorization"] {
//! #     let paid = alice().append_header((name, credential.clone())).to_request();
//! #     assert_eq!(test::call_and_read_body(&app, paid).await, "alice paid 100");
//! # }
//! # }
//! ```
//!
//! A caller sends two lines, the bearer token first:
//!
//! ```text
//! Authorization: Bearer alice
//! Authorization: L402 <macaroon>:<preimage>
//! ```
//!
//! Or, where a client has only one `Authorization`, the payment in the header that
//! [`credential_header`](crate::L402Config::credential_header) names, in the same form with the
//! scheme in front.
//!
//! # Cookies, sessions, identities
//!
//! Cookies are another header, so there is nothing to set up: `actix-session` and `actix-identity`
//! work beside the gate as they do without it.
//!
//! # Before the price, or after
//!
//! Middleware stands outside of the gate: a stranger is turned away before hearing a price. (On a
//! scope with [`RequirePayment`](crate::RequirePayment) register it after that: Actix runs the last
//! `wrap` first.) An
//! extractor that is an argument of the handler runs after the payment: a stranger pays, and is
//! then turned away. If authentication is an argument in your API, either put it into middleware
//! as well, or let `extract_first` run it before the price:
//!
//! ```
//! use actix_web::{App, get, test};
//! use actix_web_httpauth::extractors::bearer::BearerAuth;
//! use l402_actix::{L402Config, l402};
//!
//! #[get("/report")]
//! #[l402(price_sats = 100, extract_first)]
//! async fn report(bearer: BearerAuth) -> String {
//!     format!("for {}", bearer.token())
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(report)).await;
//!
//! let stranger = test::TestRequest::get().uri("/report").to_request();
//! assert_eq!(test::call_service(&app, stranger).await.status(), 401);
//! assert_eq!(sandbox.mints(), 0);
//! # }
//! ```
//!
//! `#[protect]` of `actix-web-grants` stands below `#[l402]`. There it is asked first, and a stranger is
//! answered 403 without a price; above, it does not compile. Where it reads the handler's arguments
//! (`expr = "…"`), refuse in a `price_with` function.
//!
//! # What goes wrong
//!
//! - `actix-web-httpauth` reads only the first `Authorization` line. With the payment first it does
//!   not find the bearer token, and answers 401; the payment is not touched and stays good.
//! - It takes the whole line after `Bearer` for the token. So `Bearer alice, L402 …` in one line is good for
//!   the gate, and for that crate it is a token that nobody has. Send two lines, or use a header of your
//!   own.
//! - Some proxies join lines of the same name with a comma, or keep one of them. A header of your
//!   own passes them.
//! - A payment is not an identity: whoever holds the token can use it, with any bearer token that
//!   you accept. Name the customer in the [resource](super::resources) if that matters.
//! - For pages of other origins, allow your own header as well; see [`browsers`](super::browsers).
