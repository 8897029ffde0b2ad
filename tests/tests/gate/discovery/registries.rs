//! What registries read: the OpenAPI document at its usual place, with the offers of
//! draft-payment-discovery, and what is told of a route beside its price.

use actix_web::{get, http::Method, web};
use l402_actix::{L402Config, L402Manifest, Price, l402};
use l402_sandbox::Sandbox;
use l402_tests::Api;
use serde_json::{Value, json};

#[l402(price_sats = 250, description = "The forecast for one city")]
#[get("/forecast/{city}")]
async fn forecast(city: web::Path<String>) -> String {
    city.into_inner()
}

async fn computed(_: actix_web::HttpRequest) -> Result<Price, actix_web::Error> {
    Ok(Price::sats(9))
}

#[l402(price_with = computed)]
async fn advice() -> &'static str {
    "a coat"
}

#[l402(price_sats = 1)]
async fn internal() -> &'static str {
    "for those who know"
}

async fn open(sandbox: &Sandbox, change: fn(L402Manifest) -> L402Manifest) -> Api {
    let config = L402Config::new(sandbox.client());
    Api::serve(move |app| {
        app.app_data(config.clone());
        let manifest = L402Manifest::new("Weather API", &config)
            .description("Forecasts")
            .version("2.1.0")
            .documentation_url("https://weather.example/docs")
            .category("weather")
            .strict(true);
        change(manifest).register(app, |paid| {
            paid.service(forecast).tags(["forecasts"]);
            paid.scope("/old", |old| {
                old.route("/advice", Method::POST, advice);
            })
            .tags(["advice"])
            .deprecated();
            paid.route("/internal", Method::GET, internal).hidden();
        });
    })
    .await
}

async fn document(api: &Api, path: &str) -> Value {
    let answer = api.get(path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[actix_web::test]
async fn an_app_without_a_document_of_its_own_has_one_where_registries_look() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, |manifest| manifest).await;
    let document = document(&api, "/openapi.json").await;
    assert_eq!(
        document["info"],
        json!({ "title": "Weather API", "version": "2.1.0", "description": "Forecasts" })
    );
    assert_eq!(
        document["x-service-info"],
        json!({ "categories": ["weather"], "docs": { "homepage": "https://weather.example/docs" } })
    );
    let operation = &document["paths"]["/forecast/{city}"]["get"];
    let offer =
        json!({ "intent": "charge", "method": "lightning", "amount": "250", "currency": "sat" });
    assert_eq!(operation["x-payment-info"], json!({ "offers": [offer] }));
    assert!(operation["responses"]["402"].is_object());

    let operation = &document["paths"]["/old/advice"]["post"];
    let offer = &operation["x-payment-info"]["offers"][0];
    assert_eq!((&offer["amount"], &offer["currency"]), (&Value::Null, &json!("sat")));
    assert!(offer["description"].as_str().unwrap().contains("402"));
    assert_eq!(sandbox.mints(), 0);
}

#[actix_web::test]
async fn tags_and_the_end_of_a_route_are_told_in_both_documents() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, |manifest| manifest).await;
    let manifest = document(&api, "/.well-known/l402-manifest.json").await;
    let told: Vec<_> = manifest["endpoints"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 2, "{manifest}");
    assert_eq!((&told[0]["tags"], &told[0]["deprecated"]), (&json!(["forecasts"]), &Value::Null));
    assert_eq!((&told[1]["tags"], &told[1]["deprecated"]), (&json!(["advice"]), &json!(true)));
    assert_eq!(manifest["l402"]["payment_flow"], "402_challenge_response");
    assert_eq!(manifest["l402"]["capabilities"]["preimage_in_response"], false);

    let openapi = document(&api, "/openapi.json").await;
    assert_eq!(openapi["paths"]["/old/advice"]["post"]["deprecated"], true);
    assert_eq!(openapi["paths"]["/forecast/{city}"]["get"]["tags"], json!(["forecasts"]));
}

#[actix_web::test]
async fn a_hidden_route_is_sold_and_told_nowhere() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, |manifest| manifest).await;
    for path in ["/.well-known/l402-manifest.json", "/openapi.json"] {
        assert!(!document(&api, path).await.to_string().contains("internal"), "{path}");
    }
    // Also where what is not listed is not sold: whoever hid it has not forgotten it.
    assert_eq!(api.get("/internal").send().await.unwrap().status(), 402);
}

#[actix_web::test]
async fn the_document_can_be_left_out() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, L402Manifest::without_openapi).await;
    assert_eq!(api.get("/openapi.json").send().await.unwrap().status(), 404);
    document(&api, "/.well-known/l402-manifest.json").await;
}
