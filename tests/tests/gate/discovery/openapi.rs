//! utoipa beside `#[l402]`, and what the manifest puts into its document.

use actix_web::{Responder, get, http::Method, post, web};
use l402_actix::{L402Config, L402Manifest, Payment, Price, l402};
use l402_sandbox::Sandbox;
use l402_tests::Api;
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, SecurityScheme},
};

/// The forecast.
#[utoipa::path(params(("city" = String, Path)), responses((status = 200, body = String)))]
#[l402(price_sats = 250, description = "The forecast for one city")]
#[get("/forecast/{city}")]
async fn above(city: web::Path<String>, payment: Payment) -> impl Responder {
    format!("{city} for {}", payment.amount_sats)
}

/// A report.
#[l402(price_with = computed)]
#[utoipa::path(post, path = "/v1/report", responses((status = 200, body = String)), security(("key" = [])))]
#[post("/report")]
async fn below(body: String) -> impl Responder {
    body
}

/// A handler without a route attribute.
#[l402(price_sats = 5)]
#[utoipa::path(get, path = "/plain", responses((status = 200, body = String)))]
async fn plain() -> impl Responder {
    "plain"
}

/// Free.
#[utoipa::path(get, path = "/free", responses((status = 200, body = String)))]
#[get("/free")]
async fn free() -> impl Responder {
    "free"
}

#[l402(price_sats = 3)]
#[get("/undocumented/{id}")]
async fn undocumented() -> impl Responder {
    "undocumented"
}

async fn computed(_: actix_web::HttpRequest) -> Result<Price, actix_web::Error> {
    Ok(Price::sats(9))
}

#[derive(OpenApi)]
#[openapi(paths(above, below, plain, free), modifiers(&Key))]
struct Document;

struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-key")));
        document.components.get_or_insert_default().add_security_scheme("key", key);
    }
}

async fn open(sandbox: &Sandbox) -> Api {
    let config = L402Config::new(sandbox.client());
    Api::serve(move |app| {
        app.app_data(config.clone());
        L402Manifest::new("API", &config)
            .strict(true)
            .openapi("/openapi.json", &Document::openapi())
            .unwrap()
            .register(app, |paid| {
                paid.service(above).service(undocumented).route("/plain", Method::GET, plain);
                paid.scope("/v1", |v1| {
                    v1.service(below);
                });
                paid.free(|app| {
                    app.service(free);
                });
            });
    })
    .await
}

async fn document(api: &Api) -> Value {
    let answer = api.ask("/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    // What is served is still a document to those who read documents by their types.
    serde_json::from_str::<utoipa::openapi::OpenApi>(&answer.body).unwrap();
    answer.json()
}

#[actix_web::test]
async fn utoipa_above_and_below_the_attribute_documents_a_route_that_charges() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox).await;
    for path in ["/forecast/berlin", "/plain", "/undocumented/1"] {
        let credential = api.buy(path, &sandbox).await;
        assert_eq!(api.ask_with(path, &credential).await.status, 200, "{path}");
    }
    assert_eq!(api.ask("/free").await.body, "free");
    let document = document(&api).await;
    let summary = |path: &str, method: &str| document["paths"][path][method]["summary"].clone();
    assert_eq!(summary("/forecast/{city}", "get"), "The forecast.");
    assert_eq!(summary("/v1/report", "post"), "A report.");
    assert_eq!(summary("/plain", "get"), "A handler without a route attribute.");
}

#[actix_web::test]
async fn paid_operations_state_the_402_the_scheme_and_the_price_and_free_ones_do_not() {
    let sandbox = Sandbox::start().await;
    let document = document(&open(&sandbox).await).await;
    let operation = |path: &str, method: &str| &document["paths"][path][method];
    for (path, method, price, security) in [
        (
            "/forecast/{city}",
            "get",
            json!({ "model": "perrequest", "price_sats": 250 }),
            json!([{ "l402": [] }]),
        ),
        ("/v1/report", "post", json!({ "model": "dynamic" }), json!([{ "key": [], "l402": [] }])),
        (
            "/plain",
            "get",
            json!({ "model": "perrequest", "price_sats": 5 }),
            json!([{ "l402": [] }]),
        ),
        (
            "/undocumented/{id}",
            "get",
            json!({ "model": "perrequest", "price_sats": 3 }),
            json!([{ "l402": [] }]),
        ),
    ] {
        let operation = operation(path, method);
        assert_eq!(operation["x-l402"], price, "{path}");
        assert_eq!(operation["security"], security, "{path}");
        let reference = "#/components/responses/L402PaymentRequired";
        assert_eq!(operation["responses"]["402"], json!({ "$ref": reference }), "{path}");
        assert!(operation["responses"]["200"].is_object(), "{path}");
    }
    let unpriced = operation("/free", "get");
    assert!(unpriced.get("x-l402").is_none() && unpriced.get("security").is_none());
    assert!(unpriced["responses"].get("402").is_none(), "{unpriced}");
    let schemes = &document["components"]["securitySchemes"];
    let header = ["type", "in", "name"].map(|key| schemes["l402"][key].as_str().unwrap());
    assert_eq!(header, ["apiKey", "header", "Authorization"]);
    assert_eq!(schemes["key"]["type"], "apiKey", "what was there stays");
}

#[actix_web::test]
async fn the_documents_schema_has_the_fields_of_the_real_402() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox).await;
    let document = document(&api).await;
    let answer = api.ask("/plain").await;
    assert_eq!(answer.status, 402);
    let response = &document["components"]["responses"]["L402PaymentRequired"];
    assert!(answer.header("www-authenticate").starts_with("L402 "));
    assert!(response["headers"]["WWW-Authenticate"].is_object());
    let schema = &document["components"]["schemas"]["L402Challenge"];
    let keys = |object: &Value| -> Vec<String> {
        let mut keys: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let body = answer.json();
    assert_eq!(keys(&schema["properties"]), keys(&body));
    let (stated, real) = (&schema["properties"]["l402"], &body["l402"]);
    assert_eq!(keys(&stated["properties"]), keys(real));
    let mut required: Vec<&str> =
        stated["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    required.sort_unstable();
    assert_eq!(required, keys(real));
    for (name, value) in real.as_object().unwrap() {
        let kind = if value.is_string() { "string" } else { "integer" };
        assert_eq!(stated["properties"][name]["type"], kind, "{name}");
    }
}

#[test]
fn what_is_no_document_is_an_error_where_the_app_is_built() {
    let config = L402Config::new(l402_actix::L402Client::new("key").unwrap());
    let err = L402Manifest::new("API", &config).openapi("/openapi.json", &"text").unwrap_err();
    assert!(err.to_string().contains("object"), "{err}");
}
