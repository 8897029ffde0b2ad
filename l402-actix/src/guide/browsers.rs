//! Pages of another origin that pay.
//!
//! A browser lets a page read only what the server allows. Four lines of `actix-cors` (`cargo add
//! actix-cors`) are needed, on the whole app, so that CORS stands outside of the gate:
//!
//! ```
//! use actix_cors::Cors;
//! use actix_web::{
//!     App, get,
//!     http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
//! };
//! use l402_actix::{L402Config, l402};
//!
//! #[get("/weather")]
//! #[l402(price_sats = 100)]
//! async fn weather() -> &'static str {
//!     "sunny"
//! }
//!
//! # use actix_web::{http::Method, test};
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let cors = Cors::default()
//!     .allowed_origin("https://shop.example")
//!     .allowed_methods(["GET", "POST"])
//!     .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
//!     .expose_headers([WWW_AUTHENTICATE]);
//! let app = App::new().app_data(config).service(weather).wrap(cors);
//! # let app = test::init_service(app).await;
//! # for headers in ["authorization", "authorization,content-type"] {
//! # let preflight = test::TestRequest::default()
//! #     .method(Method::OPTIONS)
//! #     .uri("/weather")
//! #     .insert_header(("Origin", "https://shop.example"))
//! #     .insert_header(("Access-Control-Request-Method", "GET"))
//! #     .insert_header(("Access-Control-Request-Headers", headers))
//! #     .to_request();
//! # let allowed = test::call_service(&app, preflight).await;
//! # assert_eq!(allowed.headers().get("access-control-allow-origin").unwrap(), "https://shop.example");
//! # }
//! # assert!(sandbox.requests().is_empty());
//! # let request = test::TestRequest::get()
//! #     .uri("/weather")
//! #     .insert_header(("Origin", "https://shop.example"))
//! #     .to_request();
//! # let unpaid = test::call_service(&app, request).await;
//! # assert_eq!(unpaid.status(), 402);
//! # let exposed = unpaid.headers().get("access-control-expose-headers").unwrap();
//! # assert!(exposed.to_str().unwrap().eq_ignore_ascii_case("www-authenticate"));
//! # }
//! ```
//!
//! | line | without it |
//! | --- | --- |
//! | `allowed_origin` | the page sees no answer at all, not even the 402 |
//! | `expose_headers([WWW_AUTHENTICATE])` | the page sees a 402 without a challenge, and nobody pays. Add `RateLimit` for a page that shows what is left of a pack, `Retry-After` and `Payment-Receipt` for one that reads those |
//! | `allowed_headers([AUTHORIZATION])` | the page pays, and the browser blocks the request that would present the payment |
//! | `CONTENT_TYPE` among them | a page that sends JSON gets no answer: the browser blocks its first request already |
//! | `allowed_methods(["GET", "POST"])`: the methods of your paid routes | the page pays, and the request that would present the payment is blocked. The first `GET` needs no permission, so it shows nothing |
//!
//! Try a whole purchase from a page: without `AUTHORIZATION` or the methods everything looks right until
//! somebody has paid. Allow the header of [`credential_header`](crate::L402Config::credential_header) too, if
//! you have one.
//!
//! Pages of your own origin need none of this.
//!
//! # What it costs
//!
//! A preflight request is answered by `actix-cors` without a call to the broker. So is an `OPTIONS`
//! request that gets past it and that your routing lets through to a gate: 204, without your
//! handler.
//!
//! # What goes wrong
//!
//! - CORS inside of the gate, or on some of the routes: the gate's own answers then go out without
//!   its headers, and the page sees a network error in place of the 402. Where
//!   [`RequirePayment`](crate::RequirePayment) is on the same scope, register CORS after it: Actix
//!   runs the last `wrap` first.
//! - A service worker or a cache of the page's own that keeps answers by URL alone serves the 402
//!   again. The gate's answers say `no-store` and `Vary: Authorization`; leave that standing.
//! - A token in a page is readable by every script in it.
