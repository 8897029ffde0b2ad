//! What a token opens: the resource that it was bought for.
//!
//! # What one payment opens
//!
//! | | until you say otherwise | what changes it |
//! | --- | --- | --- |
//! | another path, as `/forecast/paris` for `/forecast/berlin` | no: the resource is the request's path | `resource = "forecast"` on both; [`ResourceBy::Pattern`](crate::ResourceBy) |
//! | another query, as `/search?q=b` for `/search?q=a` | **yes** | `resource_with`, a function that takes the query |
//! | another body | **yes** | `resource_with`, a function that takes the body |
//! | another method, as `DELETE` for `GET` | **yes**, at the same price | [`ResourceBy::MethodAndPath`](crate::ResourceBy) |
//! | another id in the path, as `/notes/8` for `/notes/7` | no | [`ResourceBy::Pattern`](crate::ResourceBy) |
//! | a dearer variant of the same path | no: the amount counts too | [`Price::accept`](crate::Price::accept) |
//! | another host that the same API answers for; another API on the same key | **yes**, at the same path and price | `resource_with`, with the host as [below](#several-hosts); a key for each API |
//! | the same again | yes, for an hour by the broker's default | `single_use`, `uses`, `units`: see [`packs`](super::packs) |
//!
//! # Routes that share a token
//!
//! Give them the same resource. The price still counts: a token opens what it has paid for.
//!
//! ```
//! use actix_web::{App, get, test};
//! use l402_actix::{L402Config, l402};
//!
//! #[get("/albums")]
//! #[l402(price_sats = 10, resource = "music")]
//! async fn albums() -> &'static str {
//!     "…"
//! }
//!
//! #[get("/songs")]
//! #[l402(price_sats = 10, resource = "music")]
//! async fn songs() -> &'static str {
//!     "…"
//! }
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = App::new().app_data(config).service(albums).service(songs);
//! let app = test::init_service(app).await;
//!
//! let unpaid = test::TestRequest::get().uri("/albums").to_request();
//! let unpaid = test::call_service(&app, unpaid).await;
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! let other = test::TestRequest::get()
//!     .uri("/songs")
//!     .insert_header(("Authorization", credential))
//!     .to_request();
//! assert_eq!(test::call_service(&app, other).await.status(), 200);
//! # }
//! ```
//!
//! # A resource from a function
//!
//! For one that is wider or narrower than a path: an `async fn` of extractors, or an
//! `fn(&HttpRequest) -> String`. It is called at the mint and at each verification, so it must answer the
//! same for a request and its retry.
//!
//! ```
//! use actix_web::{Error, get, web};
//! use l402_actix::l402;
//!
//! /// One payment is for one city, whichever day is asked for.
//! async fn city(place: web::Path<(String, String)>) -> Result<String, Error> {
//!     Ok(format!("forecast/{}", place.0))
//! }
//!
//! #[get("/forecast/{city}/{day}")]
//! #[l402(price_sats = 100, resource_with = city)]
//! async fn forecast(place: web::Path<(String, String)>) -> String {
//!     format!("{} on {}: sunny", place.0, place.1)
//! }
//! # use actix_web::{App, test};
//! # #[actix_web::main]
//! # async fn main() {
//! # let sandbox = l402_sandbox::Sandbox::start().await;
//! # let config = l402_actix::L402Config::new(sandbox.client());
//! # let app = test::init_service(App::new().app_data(config).service(forecast)).await;
//! # let request = test::TestRequest::get().uri("/forecast/berlin/monday").to_request();
//! # assert_eq!(test::call_service(&app, request).await.status(), 402);
//! # assert_eq!(sandbox.requests()[0].body["resource"], "forecast/berlin");
//! # }
//! ```
//!
//! [`L402Config::resource_with`](crate::L402Config::resource_with) does the same for all routes
//! whose attribute names none. The order: the attribute, the scope's
//! [`RequirePayment::resource`](crate::RequirePayment::resource), the config's function, and what
//! [`L402Config::resource_by`](crate::L402Config::resource_by) says.
//!
//! # Several hosts
//!
//! Read the host as [`guard::Host`](actix_web::guard::Host) does, which chooses the handler.
//! `connection_info().host()` prefers `Forwarded` and `X-Forwarded-Host`. A client may write there what it
//! likes, and would open the dear host with what it has paid at the cheap one. It is right only behind a
//! proxy that sets both of them, or takes them off.
//!
//! ```
//! use actix_web::{
//!     App, Error, HttpRequest, HttpResponse, error, guard,
//!     http::{Uri, Version, header::HOST},
//!     test, web,
//! };
//! use l402_actix::{L402Config, RequirePayment};
//!
//! async fn by_host(request: HttpRequest) -> Result<String, Error> {
//!     let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
//!     // HTTP/2 has it in the address.
//!     let header = header.filter(|_| request.version() < Version::HTTP_2);
//!     let host = header.or_else(|| request.uri().host()).and_then(|host| host.parse::<Uri>().ok());
//!     let host = host.as_ref().and_then(Uri::host);
//!     let host = host.ok_or_else(|| error::ErrorBadRequest("no host"))?;
//!     Ok(format!("{host} {}", request.path()))
//! }
//!
//! async fn served() -> HttpResponse {
//!     HttpResponse::Ok().body("…")
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let site = |host: &'static str| {
//!     web::scope("")
//!         .guard(guard::Host(host))
//!         .wrap(RequirePayment::sats(100).resource_with(by_host))
//!         .route("/report", web::get().to(served))
//! };
//! let app = App::new().app_data(config).service(site("a.example")).service(site("b.example"));
//! let app = test::init_service(app).await;
//! let at = |host: &'static str| {
//!     test::TestRequest::get().uri("/report").insert_header((HOST, host))
//! };
//! let unpaid = test::call_service(&app, at("a.example").to_request()).await;
//! let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
//! for (host, status) in [("a.example", 200), ("b.example", 402)] {
//!     let request = at(host)
//!         .insert_header(("X-Forwarded-Host", "a.example"))
//!         .insert_header(("Authorization", credential.as_str()));
//!     assert_eq!(test::call_service(&app, request.to_request()).await.status(), status);
//! }
//! # }
//! ```
//!
//! # The pattern, and the method
//!
//! [`L402Config::resource_by`](crate::L402Config::resource_by) says what a token is bought for where
//! nothing names it:
//!
//! | | the resource of `GET /notes/7` at `/notes/{id}` |
//! | --- | --- |
//! | `ResourceBy::Path`, the default | `/notes/7` |
//! | `ResourceBy::Pattern` | `/notes/{id}`: one token for all notes, and one resource of your broker's plan |
//! | `ResourceBy::MethodAndPath` | `GET /notes/7`: a token to read does not delete |
//! | `ResourceBy::MethodAndPattern` | `GET /notes/{id}` |
//!
//! `HEAD` counts as `GET`. A route without a pattern, as a folder of files, has its path.
//!
//! # What it costs
//!
//! Nothing at the broker. The wider a resource, the more is opened by one payment; the narrower,
//! the more invoices your callers pay, and the more of your 100 calls a minute go into minting.
//!
//! # What goes wrong
//!
//! - The query is not part of the path: a token for `/search` opens every search. Name what counts
//!   in a function if a search shall cost something each time.
//! - Whatever a function leaves out can be chosen freely by whoever holds a token.
//! - Behind a proxy that rewrites paths, tokens are bound to the path that Actix sees. Keep it the
//!   same for the request and its retry.
//! - Clients that cache tokens do it by host and the first parts of the path, so a token bought for
//!   `/api/premium/a` arrives at `/api/premium/b`. It is answered 402, the client pays and goes on;
//!   a common resource saves the second payment.
//! - A resource from a function that is blank or has control characters is answered 400, one of more
//!   than 1 KiB 414, before anything is minted: the client has asked for it. A blank one that is stated is
//!   answered 500.
//! - [`enforce_resource(false)`](crate::L402Config::enforce_resource) makes a token for any route
//!   of yours open every route whose price it covers, and
//!   [`enforce_amount(false)`](crate::L402Config::enforce_amount) makes the cheapest token for a
//!   resource open its dearest variant. A common `resource` is nearly always what was meant.
