//! What a request costs: fixed, computed, or nothing.
//!
//! # A fixed price
//!
//! A literal or a constant, checked at compile time. Routes without the attribute stay free.
//!
//! ```
//! use actix_web::get;
//! use l402_actix::l402;
//!
//! const BASE_SATS: u32 = 100;
//!
//! #[get("/report")]
//! #[l402(price_sats = 5 * BASE_SATS, description = "Report 2025")]
//! async fn report() -> &'static str {
//!     "…"
//! }
//! ```
//!
//! # A price by the request
//!
//! An `async fn` whose arguments are extractors, as a handler's are: path, query, headers, body, app
//! data. So the price is computed from the same values that the handler is served with. What an extractor
//! refuses is answered before anybody is asked for money, and so is an error of the function.
//!
//! ```
//! use actix_web::{App, Error, error, get, test, web};
//! use l402_actix::{L402Config, Payment, Price, l402};
//!
//! async fn by_model(model: web::Path<String>) -> Result<Price, Error> {
//!     match model.as_str() {
//!         "demo" => Ok(Price::FREE),
//!         "small" => Ok(Price::sats(100)),
//!         // 520 sats today; a token that was bought for 500 a moment ago is still good.
//!         "large" => Ok(Price::sats(520).accept(500)),
//!         _ => Err(error::ErrorNotFound("no such model")),
//!     }
//! }
//!
//! /// Without `single_use` a payment would be for all that is asked for within an hour.
//! #[get("/complete/{model}")]
//! #[l402(price_with = by_model, single_use)]
//! async fn complete(model: web::Path<String>, payment: Option<Payment>) -> String {
//!     format!("{model} for {}", payment.map_or(0, |payment| payment.amount_sats))
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(complete)).await;
//! for (path, status) in [
//!     ("/complete/small", 402),
//!     ("/complete/demo", 200),
//!     ("/complete/none", 404),
//! ] {
//!     let request = test::TestRequest::get().uri(path).to_request();
//!     assert_eq!(test::call_service(&app, request).await.status(), status);
//! }
//! # assert_eq!(sandbox.requests().len(), 1);
//! # }
//! ```
//!
//! [`L402Config::price_with`](crate::L402Config::price_with) does the same for all gated routes at once
//! and may answer `None`, which leaves a request to its attribute. The order: `free` in a module;
//! the config's function, if it has an opinion; the handler's attribute; its module's; the config's
//! [`default_price_sats`](crate::L402Config::default_price_sats).
//!
//! # One price for a module
//!
//! A handler that is left out silently would be served free, so over a module most of what may be one has
//! to say what it costs: a public `async fn` without a route, an `#[l402]` or a `#[l402(free)]` does not compile,
//! nor does a public function that answers with a future, or with a `Route`, a `Resource`, a `Scope` or another
//! service; a route attribute under another name or within a function's body; or an `async fn` under an
//! attribute that may make a handler of it;
//! [`l402`](macro@crate::l402) lists them. A private `async fn` without any attribute is taken for a
//! helper and stays as it is, so a private handler that you register by hand needs an `#[l402]`, or
//! it is free. So is a closure that you register, as in `.to(|| async { … })`, which cannot be told
//! from any other: write it as an `async fn`. A handler that the module imports with `use`, or names by a
//! path, keeps what it has where it is written. All that cannot be seen is listed at
//! [`l402`](macro@crate::l402), and [`Sandbox::audit`](super::testing) tells you what is free.
//!
//! ```
//! #[l402_actix::l402(price_sats = 50)]
//! mod weather {
//!     use actix_web::{get, web};
//!     use l402_actix::l402;
//!
//!     pub fn routes(cfg: &mut web::ServiceConfig) {
//!         cfg.service((now, history, status)).route("/tomorrow", web::get().to(tomorrow));
//!     }
//!
//!     #[l402]
//!     async fn tomorrow() -> &'static str {
//!         "50 sats, because of the attribute"
//!     }
//!
//!     #[get("/now")]
//!     pub async fn now() -> &'static str {
//!         "50 sats"
//!     }
//!
//!     #[get("/history")]
//!     #[l402(price_sats = 500)]
//!     pub async fn history() -> &'static str {
//!         "500 sats"
//!     }
//!
//!     #[get("/status")]
//!     #[l402(free)]
//!     pub async fn status() -> &'static str {
//!         "free"
//!     }
//! }
//! # #[actix_web::main]
//! # async fn main() {
//! # use actix_web::{App, test};
//! # let sandbox = l402_sandbox::Sandbox::start().await;
//! # let config = l402_actix::L402Config::new(sandbox.client());
//! # let app = App::new().app_data(config).configure(weather::routes);
//! # let app = test::init_service(app).await;
//! # for (path, status) in [("/now", 402), ("/tomorrow", 402), ("/status", 200)] {
//! #     let request = test::TestRequest::get().uri(path).to_request();
//! #     assert_eq!(test::call_service(&app, request).await.status(), status);
//! # }
//! # }
//! ```
//!
//! # A price for what has no handler of yours
//!
//! [`RequirePayment`](crate::RequirePayment) charges for a scope, a folder of files (`cargo add
//! actix-files`), or a proxy.
//!
//! ```
//! use actix_files::Files;
//! use actix_web::{App, web};
//! use l402_actix::{L402Config, RequirePayment};
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let site = web::scope("/site")
//!     .wrap(RequirePayment::sats(20).resource("site"))
//!     .service(Files::new("", "./public"));
//! let app = App::new().app_data(config).service(site);
//! # let app = actix_web::test::init_service(app).await;
//! # let request = actix_web::test::TestRequest::get().uri("/site/a.html").to_request();
//! # assert_eq!(actix_web::test::call_service(&app, request).await.status(), 402);
//! # }
//! ```
//!
//! Without `resource` each path is a payment of its own: a page with ten images costs eleven
//! times the price. A gate under it takes the payment that was made for the scope if it is enough. For a
//! dearer handler it is not: its payer is asked a second time, for all of the handler's price. So price the
//! scope at or above its handlers.
//!
//! It sells before Actix looks for a handler, so also what there is not: who has paid for a mistyped path
//! is answered 404. Three things help:
//!
//! - `resource`: the payment is good for the right path then.
//! - [`draw_on`](crate::L402Config::draw_on), where the scope has [`uses`](crate::RequirePayment::uses):
//!   unless you say otherwise a 404, a 405 and a redirect count as answers. Leave them out, unless a
//!   redirect is what you sell, as one to a signed address:
//!
//!   ```
//!   use actix_web::http::StatusCode;
//!   # let client = l402_actix::L402Client::new("key")?;
//!   let config = l402_actix::L402Config::new(client).draw_on(|status| {
//!       !status.is_redirection()
//!           && ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status)
//!   });
//!   # Ok::<(), l402_actix::L402Error>(())
//!   ```
//! - A price function that answers 404 itself, as the second one below does.
//!
//! For prices within a folder take the path as [`FilePath`](crate::FilePath), which reads it as `Files`
//! will. Mount them right at the scope, with `Files::new("", ..)`: below `"/sub"` the path begins with `sub`
//! and your prices are not found. What is not there is told before money is asked for:
//!
//! ```
//! use std::path::Path;
//!
//! use actix_files::Files;
//! use actix_web::{Error, error, web};
//! use l402_actix::{FilePath, Price, RequirePayment};
//!
//! async fn by_folder(file: FilePath) -> Result<Price, Error> {
//!     let is_premium = file.starts_with("premium");
//!     let place = Path::new("./public").join(file.into_inner());
//!     match web::block(move || place.is_file()).await? {
//!         false => Err(error::ErrorNotFound("no such file")),
//!         true if is_premium => Ok(Price::sats(500)),
//!         true => Ok(Price::FREE),
//!     }
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let files = web::scope("/files")
//!     .wrap(RequirePayment::price_with(by_folder))
//!     .service(Files::new("", "./public"));
//! # use actix_web::{App, test};
//! # let sandbox = l402_sandbox::Sandbox::start().await;
//! # let config = l402_actix::L402Config::new(sandbox.client());
//! # let app = test::init_service(App::new().app_data(config).service(files)).await;
//! # let request = test::TestRequest::get().uri("/files/premium/no.html").to_request();
//! # assert_eq!(test::call_service(&app, request).await.status(), 404);
//! # assert!(sandbox.requests().is_empty());
//! # }
//! ```
//!
//! `Files` serves `premium/a.html` also for `/%70remium/a.html` and `//premium/a.html`, where the
//! request's raw path begins otherwise. `FilePath` is `premium/a.html` for the first and a 400 for the
//! second.
//!
//! # A price by the body
//!
//! Take the body as the handler does. It is held in memory once and read again by whoever is next, up
//! to [`body_limit`](crate::L402Config::body_limit): 2 MiB unless you say otherwise.
//!
//! Say also what a payment is for. By its path alone a payment for one text would open every text of that
//! price for an hour. With `cargo add serde --features derive` and `cargo add sha2`:
//!
//! ```
//! use actix_web::{App, Error, post, test, web};
//! use l402_actix::{L402Config, Price, l402};
//! use serde::Deserialize;
//! use sha2::{Digest as _, Sha256};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     text: String,
//! }
//!
//! async fn by_length(order: web::Json<Order>) -> Result<Price, Error> {
//!     // A computed 0 would be answered 500: what is free has to say so.
//!     Ok(Price::sats((order.text.chars().count() as u64).div_ceil(100).max(1)))
//! }
//!
//! /// By a hash of the text: a resource has at most 1 KiB.
//! async fn this_text(order: web::Json<Order>) -> Result<String, Error> {
//!     let hash = Sha256::digest(&order.text);
//!     Ok(hash.iter().fold("translate ".to_owned(), |hex, byte| hex + &format!("{byte:02x}")))
//! }
//!
//! #[post("/translate")]
//! #[l402(price_with = by_length, resource_with = this_text)]
//! async fn translate(order: web::Json<Order>) -> String {
//!     order.text.to_uppercase()
//! }
//! # #[actix_web::main]
//! # async fn main() {
//! # let sandbox = l402_sandbox::Sandbox::start().await;
//! # let config = L402Config::new(sandbox.client());
//! # let app = test::init_service(App::new().app_data(config).service(translate)).await;
//! # let order = serde_json::json!({ "text": "x".repeat(250) });
//! # let request = test::TestRequest::post().uri("/translate").set_json(order).to_request();
//! # assert_eq!(test::call_service(&app, request).await.status(), 402);
//! # assert_eq!(sandbox.requests()[0].body["priceSats"], 3);
//! # }
//! ```
//!
//! `examples/examples/body_price.rs` is the whole program.
//!
//! # A malformed request
//!
//! Without more, a client pays before anybody looks at what it sends. With `extract_first` the
//! handler's extractors run before the price is asked for:
//!
//! | the request | the extractors run | so a 400 |
//! | --- | --- | --- |
//! | without a payment | before the price | costs nothing |
//! | with a token, where price and resource are stated in the attribute | after the payment is verified | does not use the token up, also on a route with `single_use` |
//! | with a token, where they are computed | before the payment is verified | does not use the token up |
//! | with an MPP payment, which its verification uses up | before the payment is verified | loses no payment |
//!
//! # What it costs
//!
//! One call to the broker for an unpaid request, one for a paid one, none for a free one. A price
//! function runs for each request before anything else, so it should not wait for anything slow.
//! With `extract_first`, and with a function that takes the body, bodies are read for callers that have
//! not paid. Set [`body_limit`](crate::L402Config::body_limit) and
//! [`JsonConfig::limit`](actix_web::web::JsonConfig::limit) to what you can afford.
//!
//! # What goes wrong
//!
//! - A price function that reads something else than the handler does. Take the very type that the handler
//!   takes: not an `Option` of it, not a map of the same query, not `Json<Value>` beside a struct of yours.
//!   Where two types understand one request differently, a caller pays for the cheap one and is served
//!   the dear one. A header that comes twice is such a request too.
//! - Arithmetic that wraps. In a release build `10 * n` of a large `n` from the client is a small price,
//!   without a word, and the compiler's `(10 * n).into()` is the same. Take narrow types, such as `u16`, or `checked_mul` with an error for `None`.
//! - A price by text that was not decoded. These are one request to Actix, and three texts to a
//!   comparison:
//!
//!   | where you look | what is there for `/lang/c%2B%2B?model=%70remium` |
//!   | --- | --- |
//!   | `request.path()`, `request.query_string()` | raw: `/lang/c%2B%2B`, `model=%70remium` |
//!   | `request.match_info()` | half decoded: `c%2B%2B` |
//!   | `web::Path<String>`, `web::Query<T>` | decoded, as the handler gets it: `c++`, `premium` |
//!
//!   Whoever looks at the first two sells the dear one at the price of the cheap one.
//! - A folder of files under a price within a folder that is served free: `Files` at the root serves
//!   `//premium/a.html` from the same folder, and no gate is asked. Keep what is sold in a folder of its
//!   own, which nothing else serves. `Sandbox::audit` asks in such spellings.
//! - A computed price of 0 is answered 500. A mistake must not give anything away, so free has a
//!   name of its own: [`Price::FREE`](crate::Price::FREE).
//! - A price that rises between the 402 and the retry sends a caller who has just paid another
//!   402. [`Price::accept`](crate::Price::accept) says what is enough.
//! - A plain `Payment` argument on a free pass is answered 500; take an `Option<Payment>`. A handler that
//!   takes one is served without a payment where it has no gate, so do not take it on other routes.
//! - `extract_first` runs the extractors once more than the handler needs: without a payment, with an MPP
//!   payment, and with a token where price or resource are computed. An extractor that takes a nonce, a CSRF
//!   token or an idempotency key once would refuse every such payer when it runs for the handler. Take what
//!   counts once in the handler.
//! - A token is bound to its resource and its amount, not to the body. Without a
//!   `resource_with` a payment for one text opens every text of that price for an hour; see
//!   [`resources`](super::resources).
//! - Around a scope Actix has not matched the path yet, so a function of
//!   [`RequirePayment`](crate::RequirePayment) there that takes a `web::Path` of more than the scope's own
//!   pattern names is answered 500. Wrap the resource. A value of the scope's own that cannot be read is
//!   Actix's 404.
