//! What is listed: the attributes' terms under the paths that Actix serves.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{
    Error, HttpRequest, Responder, get,
    http::Method,
    post, route, routes,
    web::{self, ServiceConfig},
};
use l402_actix::{L402Config, L402Manifest, PaidRoutes, Price, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api};
use serde_json::{Value, json};

const PATH: &str = "/.well-known/l402-manifest.json";

/// How often any of the handlers below was called.
static CALLS: AtomicUsize = AtomicUsize::new(0);

fn served(what: &'static str) -> &'static str {
    CALLS.fetch_add(1, Ordering::SeqCst);
    what
}

const DEAR: u32 = 500;

async fn by_query(request: HttpRequest) -> Result<Price, Error> {
    Ok(if request.query_string() == "free" { Price::FREE } else { Price::sats(30) })
}

#[l402(price_sats = 100, description = "The \"weather\"")]
#[get("/weather")]
async fn weather() -> impl Responder {
    served("weather")
}

#[l402]
#[post(r"/cities/{city:[a-z]+}/reports")]
async fn report(body: String) -> impl Responder {
    served("report").to_owned() + &body
}

#[l402(price_with = by_query, description = "By model")]
#[route("/complete", method = "GET", method = "POST")]
async fn complete() -> impl Responder {
    served("complete")
}

#[l402(price_sats = 2 * DEAR)]
#[routes]
#[get("/dear")]
#[get("/dearer")]
async fn dear() -> impl Responder {
    served("dear")
}

#[l402(price_sats = 7, extract_first)]
async fn plain(body: String) -> impl Responder {
    served("plain").to_owned() + &body
}

#[l402(price_sats = 8)]
async fn generic<T: Default + ToString + 'static>() -> impl Responder {
    served("generic").to_owned() + &T::default().to_string()
}

#[l402(price_sats = 50)]
mod module {
    use actix_web::{Responder, get};
    use l402_actix::l402;

    // In a module either order will do: the module's attribute sees both.
    #[get("/inherits")]
    #[l402(description = "The module's price")]
    pub(crate) async fn inherits() -> impl Responder {
        super::served("inherits")
    }
}

#[actix_web::scope("/scoped")]
mod scoped {
    use actix_web::{Responder, get};
    use l402_actix::l402;

    #[l402(price_sats = 9)]
    #[get("/inside")]
    pub(crate) async fn inside() -> impl Responder {
        super::served("inside")
    }
}

#[get("/free")]
async fn free() -> impl Responder {
    served("free")
}

fn register(paid: &mut PaidRoutes<'_>) {
    paid.service(weather).service(dear).service(scoped::inside);
    paid.scope("/v1", |v1| {
        v1.service(report).route("plain", Method::PUT, plain);
        v1.free(|app| {
            app.service(free);
        });
        v1.scope("/{tenant}", |tenant| {
            tenant.service(complete).route("", Method::GET, generic::<u8>);
        });
    });
    paid.scope_with(
        "/guarded",
        |guarded| {
            guarded.service(module::inherits);
        },
        |scope| scope.wrap(actix_web::middleware::NormalizePath::trim()),
    );
    paid.scope_priced(
        "/site",
        RequirePayment::sats(20).resource("site").description("All of the site"),
        |site| {
            site.free(|app| {
                app.route("/page", web::get().to(|| async { served("page") }));
            });
        },
    );
}

async fn open(sandbox: &Sandbox) -> Api {
    let config = L402Config::new(sandbox.client()).default_price_sats(40);
    Api::serve(move |app: &mut ServiceConfig| {
        app.app_data(config.clone());
        L402Manifest::new("Weather API", &config)
            .description("Forecasts for agents")
            .base_url("https://weather.example")
            .documentation_url("https://weather.example/docs")
            .category("weather")
            .category("data")
            .strict(true)
            .register(app, register);
    })
    .await
}

async fn manifest(api: &Api) -> Value {
    let answer = api.ask(PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert!(answer.all("www-authenticate").is_empty());
    answer.json()
}

#[actix_web::test]
async fn head_answers_as_get_does_without_the_body() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox).await;
    let get = api.ask(PATH).await;
    let head = Answer::to(api.request(reqwest::Method::HEAD, PATH)).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for name in ["content-type", "content-length", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(Answer::to(api.request(reqwest::Method::POST, PATH)).await.status, 405);
}

/// The listed prices by method and path.
fn prices(manifest: &Value) -> Vec<(String, Value)> {
    let name = |endpoint: &Value| {
        [&endpoint["method"], &endpoint["path"]].map(|text| text.as_str().unwrap()).join(" ")
    };
    let endpoints = manifest["endpoints"].as_array().unwrap();
    endpoints.iter().map(|endpoint| (name(endpoint), endpoint["pricing"].clone())).collect()
}

#[actix_web::test]
async fn every_paid_route_is_listed_with_its_full_path_its_method_and_its_price() {
    let sandbox = Sandbox::start().await;
    let manifest = manifest(&open(&sandbox).await).await;
    let fixed = |sats: u64| json!({ "model": "perrequest", "base_price_sats": sats });
    let dynamic = || json!({ "model": "dynamic" });
    let expected = [
        ("GET /weather", fixed(100)),
        ("GET /dear", fixed(1000)),
        ("GET /dearer", fixed(1000)),
        ("GET /scoped/inside", fixed(9)),
        ("POST /v1/cities/{city}/reports", fixed(40)),
        ("PUT /v1/plain", fixed(7)),
        ("GET /v1/{tenant}/complete", dynamic()),
        ("POST /v1/{tenant}/complete", dynamic()),
        ("GET /v1/{tenant}", fixed(8)),
        ("GET /guarded/inherits", fixed(50)),
        ("GET /site/{path}", fixed(20)),
    ];
    let expected = expected.map(|(name, pricing)| (name.to_owned(), pricing));
    assert_eq!(prices(&manifest), expected);
    assert_eq!(
        manifest["service"],
        json!({
            "name": "Weather API",
            "description": "Forecasts for agents",
            "base_url": "https://weather.example",
            "documentation_url": "https://weather.example/docs",
            "categories": ["weather", "data"],
        })
    );
    assert_eq!(manifest["l402"]["default_price_sats"], 40);
    assert_eq!(
        manifest["endpoints"][0],
        json!({
            "id": "get-weather",
            "path": "/weather",
            "method": "GET",
            "summary": "The \"weather\"",
            "description": "The \"weather\"",
            "l402_enabled": true,
            "pricing": { "model": "perrequest", "base_price_sats": 100 },
        })
    );
    let dynamic = manifest["endpoints"][6]["description"].as_str().unwrap();
    assert!(dynamic.starts_with("By model. ") && dynamic.contains("computed"), "{dynamic}");
}

#[actix_web::test]
async fn what_is_listed_asks_for_the_listed_price_and_no_handler_runs_for_the_list() {
    let sandbox = Sandbox::start().await;
    let before = CALLS.load(Ordering::SeqCst);
    let api = open(&sandbox).await;
    let manifest = manifest(&api).await;
    assert!(sandbox.requests().is_empty(), "the manifest costs no call of the broker");
    for endpoint in manifest["endpoints"].as_array().unwrap() {
        let path = endpoint["path"].as_str().unwrap();
        let path = path.replace("{city}", "berlin").replace("{tenant}", "acme");
        let path = path.replace("{path}", "page");
        let method = endpoint["method"].as_str().unwrap().parse().unwrap();
        // Strict: were it not on the list as Actix routes it, the answer would be a 500.
        let answer = Answer::to(api.request(method, &path)).await;
        assert_eq!(answer.status, 402, "{path}: {}", answer.body);
        let price = answer.json()["l402"]["amount_sats"].clone();
        match &endpoint["pricing"]["base_price_sats"] {
            Value::Null => assert_eq!(price, 30, "{path}"),
            listed => assert_eq!(&price, listed, "{path}"),
        }
    }
    assert_eq!(CALLS.load(Ordering::SeqCst), before, "nothing of the merchant's has run");
    assert_eq!(api.ask("/v1/free").await.body, "free");
}

#[actix_web::test]
async fn a_config_that_computes_prices_makes_every_price_dynamic() {
    let sandbox = Sandbox::start().await;
    let config =
        L402Config::new(sandbox.client()).price_with(|| async { Ok(Some(Price::sats(3))) });
    let api = Api::serve(move |app| {
        app.app_data(config.clone());
        L402Manifest::new("API", &config).register(app, |paid| {
            paid.service(weather);
        });
    })
    .await;
    let manifest = manifest(&api).await;
    assert_eq!(manifest["endpoints"][0]["pricing"], json!({ "model": "dynamic" }));
    assert!(manifest["l402"].get("default_price_sats").is_none());
    assert!(manifest["service"].get("base_url").is_none(), "never from the request");
}

#[l402(price_sats = 100, units = 500, hold = 5)]
#[get("/metered")]
async fn metered() -> &'static str {
    "never asked"
}

#[l402(price_sats = 100, uses = 20)]
#[get("/listed-pack")]
async fn listed_pack() -> &'static str {
    "one of twenty"
}

#[actix_web::test]
async fn what_one_payment_buys_is_told_where_it_is_counted() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone());
        L402Manifest::new("API", &config).register(app, |paid| {
            paid.service(listed_pack).service(metered).service(weather);
        });
    })
    .await;
    let manifest = manifest(&api).await;
    let pricing = |place: usize| manifest["endpoints"][place]["pricing"].clone();
    let fixed = |sats: u64| json!({ "model": "perrequest", "base_price_sats": sats });
    let mut pack = fixed(100);
    pack["uses"] = 20.into();
    let mut units = fixed(100);
    units["units"] = 500.into();
    assert_eq!((pricing(0), pricing(1)), (pack, units));
    assert!(pricing(2).get("uses").is_none() && pricing(2).get("units").is_none());
    let document = api.ask("/openapi.json").await.json();
    assert_eq!(document["paths"]["/metered"]["get"]["x-l402"]["units"], 500);
    assert_eq!(document["paths"]["/listed-pack"]["get"]["x-l402"]["uses"], 20);
}
