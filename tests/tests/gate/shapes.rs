//! Every shape a handler can have: each asks for payment, and each serves once it is paid.

use actix_web::{
    HttpRequest, HttpResponse, Responder, error, get, routes, scope,
    web::{self, Bytes, Data, Path, Query},
};
use l402_actix::{Payment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api};
use serde::Deserialize;

#[derive(Deserialize)]
struct City {
    name: String,
    days: u8,
}

#[get("/attribute-below")]
#[l402(price_sats = 1)]
async fn attribute_below() -> &'static str {
    "attribute below"
}

#[l402(price_sats = 1)]
#[get("/attribute-above")]
async fn attribute_above() -> &'static str {
    "attribute above"
}

#[l402(price_sats = 1)]
#[actix_web::get("/qualified")]
async fn qualified() -> &'static str {
    "qualified"
}

#[routes]
#[get("/routes")]
#[post("/routes")]
#[get("/other-route")]
#[l402(price_sats = 1)]
async fn routes_below() -> &'static str {
    "routes"
}

#[l402(price_sats = 1)]
#[routes]
#[get("/routes-above")]
#[get("/other-route-above")]
async fn routes_above() -> &'static str {
    "routes above"
}

#[l402(price_sats = 1)]
#[actix_web::route("/route", method = "GET", method = "POST")]
async fn route() -> &'static str {
    "route"
}

#[scope("/scoped")]
mod scoped {
    use actix_web::get;
    use l402_actix::l402;

    #[get("/below")]
    #[l402(price_sats = 1)]
    pub(crate) async fn below() -> &'static str {
        "scoped below"
    }

    #[l402(price_sats = 1)]
    #[get("/above")]
    pub(crate) async fn above() -> &'static str {
        "scoped above"
    }
}

#[l402(price_sats = 1)]
async fn plain() -> &'static str {
    "plain"
}

#[l402(price_sats = 1)]
#[allow(clippy::too_many_arguments, clippy::let_unit_value, reason = "as many as Actix takes")]
async fn sixteen(
    _a: (),
    _b: (),
    _c: (),
    _d: (),
    _e: (),
    _f: (),
    _g: (),
    _h: (),
    _i: (),
    _j: (),
    _k: (),
    _l: (),
    _m: Payment,
    _n: HttpRequest,
    _o: Option<Payment>,
    body: Bytes,
) -> String {
    format!("sixteen{}", body.len())
}

#[l402(price_sats = 1)]
async fn patterns(
    Query(City { name, mut days }): Query<City>,
    mut count: Data<u8>,
    _: HttpRequest,
) -> String {
    days += 1;
    count = Data::new(*count.get_ref() + 1);
    format!("{name} {days} {count}", count = count.get_ref())
}

#[l402(price_sats = 1)]
async fn generic<T, const N: usize>(values: Data<[T; N]>) -> impl Responder
where
    T: std::fmt::Debug + Send + Sync + 'static,
{
    format!("{:?}", values.get_ref())
}

#[l402(price_sats = 1, extract_first)]
async fn generic_first<T>(values: Data<[T; 2]>, mut body: Bytes, _: Payment) -> impl Responder
where
    T: std::fmt::Debug + Send + Sync + 'static,
{
    format!("{:?} {}", values.get_ref(), body.split_off(0).len())
}

#[l402(price_sats = 1)]
async fn fallible(query: Query<City>) -> Result<String, error::Error> {
    let days: u8 = query.name.parse().map_err(error::ErrorUnprocessableEntity)?;
    Ok(days.to_string())
}

#[l402(price_sats = 1)]
async fn early(query: Query<City>) -> impl Responder {
    if query.days == 0 {
        return HttpResponse::Accepted().body("early");
    }
    HttpResponse::Ok().body("late")
}

#[l402(price_sats = 1)]
#[tracing::instrument(skip(query))]
async fn instrumented_below(query: Query<City>) -> String {
    query.into_inner().name
}

#[tracing::instrument(skip_all)]
#[l402(price_sats = 1)]
async fn instrumented_above(query: Query<City>) -> String {
    query.into_inner().name
}

/// Documented, deprecated, and a route only by condition.
#[l402(price_sats = 1)]
#[cfg_attr(all(), get("/conditional"), allow(clippy::unused_async))]
#[cfg_attr(any(), get("/never"), deprecated)]
pub async fn conditional() -> &'static str {
    "conditional"
}

/// No argument and no local of the user's can be taken for the gate.
#[l402(price_sats = 1)]
async fn gate(gate: Path<String>) -> String {
    gate.into_inner()
}

/// Nor can the handler's own name, which Actix's macro makes a unit struct of.
#[get("/sats")]
#[l402(price_sats = prices::U64)]
async fn sats() -> &'static str {
    "sats"
}

/// The name inside is the handler's own, as it was written.
#[l402(price_sats = 1)]
async fn recursive(depth: Path<u8>) -> String {
    match depth.into_inner() {
        0 => "bottom".to_owned(),
        depth => Box::pin(recursive(Path::from(depth - 1))).await,
    }
}

struct Associated;

impl Associated {
    #[l402(price_sats = 1)]
    async fn handler() -> &'static str {
        "associated"
    }
}

mod prices {
    pub(crate) const U8: u8 = 255;
    pub(crate) const I32: i32 = 1;
    pub(crate) const U64: u64 = 3;
    pub(crate) const U128: u128 = 4;
    pub(crate) const USIZE: usize = 5;

    pub(crate) const fn computed() -> u32 {
        6
    }
}

#[l402(price_sats = prices::U8)]
async fn price_u8() -> &'static str {
    "price"
}

#[l402(price_sats = prices::I32 + 1)]
async fn price_i32() -> &'static str {
    "price"
}

#[l402(price_sats = prices::U64)]
async fn price_u64() -> &'static str {
    "price"
}

#[l402(price_sats = prices::U128)]
async fn price_u128() -> &'static str {
    "price"
}

#[l402(price_sats = { prices::USIZE })]
async fn price_usize() -> &'static str {
    "price"
}

#[l402(price_sats = prices::computed())]
async fn price_computed() -> &'static str {
    "price"
}

#[l402(price_sats = 0x1_0u64)]
async fn price_literal() -> &'static str {
    "price"
}

macro_rules! priced {
    ($name:ident, $price:literal) => {
        #[l402(price_sats = $price)]
        async fn $name() -> &'static str {
            "price"
        }
    };
}

priced!(price_by_macro, 8);

/// Modules with the names that generated code must not be led astray by. With plain `.to()`,
/// because Actix's own route macros are.
mod shadowed {
    #[allow(dead_code)]
    mod core {}
    #[allow(dead_code)]
    mod std {}
    #[allow(dead_code)]
    mod actix_web {}
    #[allow(dead_code)]
    mod l402_actix {}
    #[allow(dead_code, non_camel_case_types)]
    mod types {
        pub(super) struct u64;
        pub(super) struct u128;
        pub(super) struct HttpResponse;
        pub(super) struct Gate;
    }
    #[allow(unused_imports)]
    use types::*;

    const PRICE: ::core::primitive::u32 = 1;

    #[::l402_actix::l402(price_sats = PRICE)]
    pub(crate) async fn handler() -> &'static str {
        "shadowed"
    }

    #[::l402_actix::l402(price_sats = PRICE, extract_first)]
    pub(crate) async fn first(_: ::actix_web::HttpRequest) -> &'static str {
        "shadowed"
    }
}

fn register(app: &mut web::ServiceConfig) {
    app.app_data(Data::new(1_u8))
        .app_data(Data::new(["a".to_owned(), "b".to_owned()]))
        .service(attribute_below)
        .service(attribute_above)
        .service(qualified)
        .service(routes_below)
        .service(routes_above)
        .service(route)
        .service(scoped::below)
        .service(scoped::above)
        .service(conditional)
        .service(sats)
        .route("/plain", web::get().to(plain))
        .route("/sixteen", web::get().to(sixteen))
        .route("/patterns", web::get().to(patterns))
        .route("/generic", web::get().to(generic::<String, 2>))
        .route("/generic-first", web::get().to(generic_first::<String>))
        .route("/fallible", web::get().to(fallible))
        .route("/early", web::get().to(early))
        .route("/instrumented-below", web::get().to(instrumented_below))
        .route("/instrumented-above", web::get().to(instrumented_above))
        .route("/gate/{gate}", web::get().to(gate))
        .route("/recursive/{depth}", web::get().to(recursive))
        .route("/associated", web::get().to(Associated::handler))
        .route("/price/u8", web::get().to(price_u8))
        .route("/price/i32", web::get().to(price_i32))
        .route("/price/u64", web::get().to(price_u64))
        .route("/price/u128", web::get().to(price_u128))
        .route("/price/usize", web::get().to(price_usize))
        .route("/price/computed", web::get().to(price_computed))
        .route("/price/literal", web::get().to(price_literal))
        .route("/price/by-macro", web::get().to(price_by_macro))
        .route("/shadowed", web::get().to(shadowed::handler))
        .route("/shadowed-first", web::get().to(shadowed::first));
}

async fn open() -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone());
        register(app);
    })
    .await;
    (api, sandbox)
}

#[actix_web::test]
async fn every_shape_asks_for_payment_and_serves_once_it_is_paid() {
    let (api, sandbox) = open().await;
    for (path, price, status, body) in [
        ("/attribute-below", 1, 200, "attribute below"),
        ("/attribute-above", 1, 200, "attribute above"),
        ("/qualified", 1, 200, "qualified"),
        ("/routes", 1, 200, "routes"),
        ("/other-route", 1, 200, "routes"),
        ("/routes-above", 1, 200, "routes above"),
        ("/other-route-above", 1, 200, "routes above"),
        ("/route", 1, 200, "route"),
        ("/scoped/below", 1, 200, "scoped below"),
        ("/scoped/above", 1, 200, "scoped above"),
        ("/conditional", 1, 200, "conditional"),
        ("/plain", 1, 200, "plain"),
        ("/sixteen", 1, 200, "sixteen0"),
        ("/patterns?name=berlin&days=2", 1, 200, "berlin 3 2"),
        ("/generic", 1, 200, r#"["a", "b"]"#),
        ("/generic-first", 1, 200, r#"["a", "b"] 0"#),
        ("/fallible?name=7&days=0", 1, 200, "7"),
        ("/fallible?name=x&days=0", 1, 422, "invalid digit found in string"),
        ("/early?name=x&days=0", 1, 202, "early"),
        ("/early?name=x&days=1", 1, 200, "late"),
        ("/instrumented-below?name=x&days=0", 1, 200, "x"),
        ("/instrumented-above?name=x&days=0", 1, 200, "x"),
        ("/gate/open", 1, 200, "open"),
        ("/sats", 3, 200, "sats"),
        ("/recursive/3", 1, 200, "bottom"),
        ("/associated", 1, 200, "associated"),
        ("/price/u8", 255, 200, "price"),
        ("/price/i32", 2, 200, "price"),
        ("/price/u64", 3, 200, "price"),
        ("/price/u128", 4, 200, "price"),
        ("/price/usize", 5, 200, "price"),
        ("/price/computed", 6, 200, "price"),
        ("/price/literal", 16, 200, "price"),
        ("/price/by-macro", 8, 200, "price"),
        ("/shadowed", 1, 200, "shadowed"),
        ("/shadowed-first", 1, 200, "shadowed"),
    ] {
        let unpaid = api.ask(path).await;
        assert_eq!(unpaid.status, 402, "{path}: {}", unpaid.body);
        assert_eq!(unpaid.json()["l402"]["amount_sats"], price, "{path}");
        let credential = l402_tests::pay(&sandbox, &unpaid.headers);
        let paid = api.ask_with(path, &credential).await;
        assert_eq!((paid.status, paid.body.as_str()), (status, body), "{path}");
    }
}

#[actix_web::test]
async fn every_method_of_a_route_asks_for_payment() {
    let (api, _sandbox) = open().await;
    for path in ["/routes", "/route"] {
        let answer = Answer::to(api.request(reqwest::Method::POST, path)).await;
        assert_eq!(answer.status, 402, "{path}");
    }
}
