//! A page for people, in the place of the 402's JSON: the feature `paywall-page`.
//!
//! ```toml
//! l402-actix = { version = "0.1", features = ["paywall-page"] }
//! ```
//!
//! A browser gets the price, the invoice as a QR code and a button for the wallet in it; a program
//! gets the JSON as before, and status and challenge are the same for both:
//!
//! ```
//! # #[cfg(not(feature = "paywall-page"))]
//! # fn main() {}
//! # #[cfg(feature = "paywall-page")]
//! # #[actix_web::main]
//! # async fn main() {
//! use actix_web::{App, get, test};
//! use l402_actix::{L402Config, PaywallPage, l402};
//!
//! #[get("/article")]
//! #[l402(price_sats = 21)]
//! async fn article() -> &'static str {
//!     "…"
//! }
//!
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let client = sandbox.client();
//! let config = L402Config::new(client).paywall_page(PaywallPage::new().title("The Daily Sat"));
//! let app = test::init_service(App::new().app_data(config).service(article)).await;
//!
//! for (accept, kind) in [("text/html", "text/html; charset=utf-8"), ("*/*", "application/json")] {
//!     let request = test::TestRequest::get().uri("/article").insert_header(("Accept", accept));
//!     let unpaid = test::call_service(&app, request.to_request()).await;
//!     assert_eq!(unpaid.status(), 402);
//!     assert_eq!(unpaid.headers().get("content-type").unwrap(), kind);
//! }
//! # }
//! ```
//!
//! Whoever pays with a wallet elsewhere pastes the payment's preimage. Then the page asks again with
//! the credential and shows the answer: text, JSON, images, HTML in a frame without scripts, and
//! anything else as a file to save. [`PaywallPage`] says what exactly, and takes a template of your
//! own. The example `paywall` of the repository is one to try.
//!
//! # A site, and not only a page
//!
//! With [`credential_cookie(true)`](crate::L402Config::credential_cookie) the browser keeps the
//! credential, and the page reloads into what was paid for: scripts run, and its images, video,
//! downloads, `EventSource` and `WebSocket` are paid for too. Give the parts of such a site one
//! `resource = "…"`, or wrap them in a [`RequirePayment`](crate::RequirePayment) with a resource, so
//! that one payment is for all of them. Other sites cannot spend the cookie. Over plain http there is
//! none, save on the browser's own machine.
//!
//! # What it costs
//!
//! Nothing at the broker: the page holds the challenge that the JSON would have held. But each
//! visit mints one, also that of a crawler that looks for HTML; see
//! [`reuse_challenges`](crate::ClientIdentity::reuse_challenges).
//!
//! # What goes wrong
//!
//! - Only `GET` and `HEAD` get the page. A form that is sent with `POST` gets the JSON.
//! - Without the cookie a browser has no credential for images and style sheets of a paid article that
//!   are paid routes themselves: they are not shown. Leave those free.
//! - With the cookie a link from another site mints a challenge that nobody sees: browsers withhold the
//!   cookie there, and the page reloads once before it shows a price.
//! - A browser keeps some 16 payments for resources that are not paths, so that its `Cookie` line stays
//!   below what servers take. Whoever buys more within an hour sees the page by its header, as without
//!   the cookie, and the log says so. Give what is bought together one resource.
//! - Serve over TLS. Without it credentials can be read on their way. Browsers also let such a page compute
//!   no hash, so it cannot see whether a pasted preimage is for the invoice on the screen or for one that was
//!   shown before.
//!

#![cfg_attr(feature = "paywall-page", doc = "[`PaywallPage`]: crate::PaywallPage")]
#![cfg_attr(
    not(feature = "paywall-page"),
    doc = "[`PaywallPage`]: https://docs.rs/l402-actix/latest/l402_actix/struct.PaywallPage.html"
)]
