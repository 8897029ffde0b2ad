//! The `#[l402]` attribute of [`l402-actix`](https://docs.rs/l402-actix); use it through that crate.
//!
//! The tokens of the attribute and of its item come in at `attribute`. Those of the attribute are
//! parsed into arguments (`args`, with the help of `keys`, `slot` and `values`), the item is validated into
//! a handler (`handler`), and the handler is expanded into tokens (`expand`). Over a module
//! (`module`) this is done for each handler, and what may be one unseen is refused.

mod args;
mod attribute;
mod attrs;
mod expand;
mod grants;
mod handler;
mod keys;
mod module;
mod route;
mod slot;
mod values;

use proc_macro::TokenStream;

/// Charges for a route: the handler is called only for requests that have paid.
///
/// Goes over an `async fn` that Actix can call, above or below its route attribute. The handler
/// keeps its arguments and its answer; it may take a `Payment`. Over an inline `mod`, it prices
/// every handler in it.
///
/// # Keys
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `price_sats` | a whole number of sats, 1 to 18446744073709551615: a literal, or a constant expression of any integer type; checked at compile time. The broker's plan may allow less | the config's `default_price_sats`; with neither the route answers 500, never free |
/// | `price_with` | in place of `price_sats`: an `async fn(extractors…) -> Result<Price, actix_web::Error>`, whose arguments are extractors as a handler's are; its error is answered as it is | |
/// | `description` | a string: what the payer reads in the wallet | the config's `description_with`, else none |
/// | `resource` | a string of at most 1024 bytes: what a token is bought for; routes with the same resource share their tokens, as far as the price allows | the config's `resource_with`, else the request's path without its query, so that a token opens the path it was bought for |
/// | `resource_with` | in place of `resource`: an `async fn(extractors…) -> Result<String, actix_web::Error>` or an `fn(&HttpRequest) -> String`, called at the mint and at each verification | |
/// | `uses` | a whole number, as for `price_sats`: how many answers a payment buys; `L402Config::balances` says how and where they are counted | a token opens its resource until it expires |
/// | `single_use` | no value: `uses = 1` | |
/// | `units`, with `hold` | whole numbers, as for `price_sats`: how much a payment buys of what you count, and how much of it one request holds while it runs; the handler draws from its `Balance` | |
/// | `extract_first` | no value: run the handler's extractors before money is asked for, and answer what they refuse | without it nothing of an unpaid request is read |
/// | `crate` | a string with the path of `l402-actix`, for a crate that renames it | `"::l402_actix"` |
/// | `free` | no value; only on a handler in a priced module, which it leaves free | |
///
/// A config's `price_with` that has an opinion wins over the attribute's price.
///
/// # Other attributes on the handler
///
/// The route attribute may stand above or below. Only where it stands below, `#[l402]` sees the method
/// and the path, so that `l402-actix`'s manifest can list the handler with them. In a priced module
/// either will do.
///
/// What stands above `#[l402]` gets the gated handler. What stands below must be known:
///
/// | below | what it gets |
/// | --- | --- |
/// | docs, `cfg`, `deprecated`, lint levels, routes, `utoipa::path` | the gated handler |
/// | `protect` of actix-web-grants, and `has_permissions`, `has_roles`, `has_any_permission`, `has_any_role` of its older versions | the gated handler: a stranger is answered 403 before hearing a price. Above, it would come after the payment, which is a compile error; and so is a check that reads the handler's arguments |
/// | `inline`, `must_use`, `cold`, `track_caller`, `target_feature`, `coverage`, `optimize`, `instrument`, `async_recursion`, tests, and words to rustfmt, clippy, miri and rust-analyzer | the handler itself, after the payment |
/// | any other | a compile error, since it may register the handler without its price: put it above |
///
/// # Extracting first
///
/// By default a client pays before anybody looks at its request, so what it sends malformed it has
/// paid for before it learns of it. With `extract_first` a request without a credential is first
/// tried on the handler's extractors: their error is the answer, and only what they take is
/// answered 402. A handler under it may still take a `Payment`.
///
/// A price or a resource from a function is computed after the extractors, with or without a
/// credential, so it may also depend on what they have left in the request's extensions.
///
/// A request with a token is not tried where price and resource are stated: the payment is verified
/// first, then the extractors run. A 400 from an extractor costs nothing of the token, also under `uses`
/// and `units`. The broker takes a payment in the `Payment` scheme (MPP) once, so there the extractors
/// are tried before it.
///
/// The cost: extractors run for clients that have not paid, bodies are read as far as the
/// extractors' own limits and `L402Config::body_limit` allow, and what a body's extractors read is held
/// until they have run again. An extractor with a side effect runs twice for one request that has paid, if
/// it has paid by MPP, or if price or resource are computed. One that takes a nonce, a CSRF token or an
/// idempotency key once then refuses every payer: take that in the handler.
///
/// # What a payment buys
///
/// A token is a pass for its resource until it expires, an hour by the broker's default. Where each
/// answer costs you something, or has an effect, say how many answers a payment buys with `uses = N`,
/// or `single_use` for one. Where answers cost you more and less, count what they cost: with
/// `units = 1_000_000, hold = 4096` each request holds 4,096 units before the handler is called, and
/// the handler draws what its answer has used. A request that finds nothing left is answered 402 with a
/// fresh challenge; while all that is left is held by others, 409. A 5xx, a panic or an extractor's
/// error costs nothing, and neither does a `HEAD` whose answer hands out no `Location` or cookie: the
/// handler runs for it, so let one that has an effect take `GET` or `POST` alone. On a module each
/// handler that is not free counts.
///
/// # Modules
///
/// The attribute on a module gates each handler in it that has a route attribute (also inside a
/// `cfg_attr`) or an `#[l402]` of its own, key by key: what the handler's own attribute states
/// wins. `use l402_actix::l402 as pay` in the module is seen through, `#[pay(..)]` is the handler's own
/// attribute then. A handler that the module imports (`use`, not `pub use`), or registers by its path,
/// keeps its own price. The attribute works together with Actix's `#[scope]` in either order.
///
/// A handler that is left out silently would be served free, so what may hide one is a compile error:
///
/// | in the module | what to write |
/// | --- | --- |
/// | a public `async fn` without a route attribute, `#[l402]` or `#[l402(free)]` | one of these |
/// | a public function that answers with a future (`impl Future`, `BoxFuture`, a name of yours for one), which Actix takes for a handler | `async fn` with a route attribute or `#[l402]`; `#[l402(free)]`; or move it out |
/// | a public function that answers with a `Route`, a `Resource`, a `Scope` or another service, whose handlers the module cannot see | a function of `&mut ServiceConfig` that registers the module's handlers; `#[l402(free)]`; or move it out |
/// | a private `async fn` under an attribute that is not known to be harmless, as lints, `#[inline]` or `#[instrument]` are; `#[utoipa::path]` is not, as it documents a handler | `#[l402]` or `#[l402(free)]`, or move it out |
/// | a handler under an attribute that is not known, see above; wherever it stands, since the module sees all of them | move the handler out, with an `#[l402(..)]` of its own |
/// | a `use` that gives a route attribute another name | its own name |
/// | a `pub use`, also `pub(crate)`, of a name in lower case or of `*`: whoever registers a handler from there takes it for a priced one | `use` without `pub`; price the handler where it is written, and register it from there |
/// | a route attribute within a function's body | the handler in the module, or `#[l402(..)]` over it in the body |
/// | a nested module, an `impl` block, a trait that brings an `async fn`, an item macro | move it out |
///
/// # What cannot be seen
///
/// Of what a priced module holds, these handlers look like something else, and are served free:
///
/// - a private `async fn` without a route attribute, which looks like a helper, registered by hand with
///   `cfg.route("/c", web::get().to(c))`: write `#[l402]` over it, which takes the module's price;
/// - a closure, as in `web::get().to(|| async { … })`: write it as an `async fn` with `#[l402]`;
/// - a private function that answers with a future or a service, a constant that holds either, and a
///   public generic function that answers with either under a name of your own: write it as an
///   `async fn`;
/// - what is written within the body of a function, without a route attribute or by a macro that is called
///   there: write it in the module;
/// - what the module imports with `use`, or registers by a path, such as `elsewhere::handler`: it keeps its own
///   price, or none.
///
/// Outside of modules only what has the attribute is charged for. So ask the running API: in a test
/// of yours `Sandbox::audit` of `l402-sandbox` takes the address and a list such as `["GET /a", …]`, and
/// says of each whether it is free, and what it costs if not.
///
/// # Examples
///
/// ```text
/// #[get("/weather")]
/// #[l402(price_sats = 100, description = "The weather")]
/// async fn weather(city: web::Query<City>, payment: Payment) -> impl Responder { … }
///
/// const BASE: u32 = 250;
///
/// #[l402(price_sats = 2 * BASE, resource = "reports")]
/// async fn report(id: web::Path<u64>) -> Result<web::Json<Report>, Error> { … }
///
/// async fn by_model(prompt: web::Json<Prompt>) -> Result<Price, Error> { … }
///
/// #[l402(price_with = by_model, single_use)]
/// async fn complete(prompt: web::Json<Prompt>) -> impl Responder { … }
///
/// #[l402(price_sats = 50)]
/// mod api {
///     #[get("/a")]
///     async fn a() -> impl Responder { … }              // 50 sats
///
///     #[get("/b")]
///     #[l402(price_sats = 80)]
///     async fn b() -> impl Responder { … }              // 80 sats
///
///     #[get("/status")]
///     #[l402(free)]
///     async fn status() -> impl Responder { … }         // free
///
///     #[l402]
///     async fn c() -> impl Responder { … }              // 50 sats; free without the attribute
///
///     pub fn routes(cfg: &mut web::ServiceConfig) {
///         cfg.service((a, b, status)).route("/c", web::get().to(c));
///     }
/// }
/// ```
///
/// # Errors
///
/// At compile time: a price of 0, a value of the wrong kind, an unknown key, one that is set twice
/// or that excludes another, an item that is no handler, an argument that is no extractor, an
/// answer that is no responder. At run time the route answers as `l402-actix` lists it.
///
/// # Security
///
/// Put it on each handler that shall cost something: a handler without it is free.
///
/// With `uses`, `units` and `single_use` the default store of balances is this process's memory. A
/// restart forgets it, and a second process has one of its own; see `L402Config::balances`.
#[proc_macro_attribute]
pub fn l402(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute::apply(args.into(), item.into()).into()
}
