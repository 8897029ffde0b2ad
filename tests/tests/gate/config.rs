//! Where the config comes from and what its settings do.

use actix_web::{HttpResponse, Responder, get, web};
use l402_actix::{L402Config, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api};

use super::{Shop, cheap, dear};

#[get("/bare")]
#[l402]
async fn bare() -> impl Responder {
    "bare"
}

#[get("/priced")]
#[l402(price_sats = 100)]
async fn priced() -> impl Responder {
    "priced"
}

#[l402(price_sats = 5)]
async fn any_method() -> impl Responder {
    "any"
}

async fn price(api: &Api, path: &str) -> u64 {
    let answer = api.ask(path).await;
    assert_eq!(answer.status, 402, "{}", answer.body);
    answer.json()["l402"]["amount_sats"].as_u64().unwrap()
}

#[actix_web::test]
async fn a_route_without_config_or_price_or_with_a_price_of_0_is_answered_500() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.service(web::scope("/none").service(priced))
            .service(web::scope("/no-price").app_data(config.clone()).service(bare))
            .service(
                web::scope("/zero").app_data(config.clone().default_price_sats(0)).service(bare),
            );
    })
    .await;
    for path in ["/none/priced", "/no-price/bare", "/zero/bare"] {
        for answer in [api.ask(path).await, api.ask_with(path, "L402 AgEL:00").await] {
            assert_eq!(answer.status, 500, "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.json()["error"], "Internal Server Error");
            assert!(!answer.body.contains("price"), "opaque: {}", answer.body);
        }
    }
    assert!(sandbox.requests().is_empty());
}

#[actix_web::test]
async fn two_configs_of_different_kinds_in_sight_are_answered_500() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(web::Data::new(config.clone()))
            .service(web::scope("/both").app_data(config.clone()).service(priced))
            .service(priced);
    })
    .await;
    assert_eq!(api.ask("/both/priced").await.status, 500);
    assert_eq!(price(&api, "/priced").await, 100);
}

#[actix_web::test]
async fn the_nearest_config_wins_in_either_kind() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    for in_data in [false, true] {
        let config = config.clone();
        let api = Api::serve(move |app| {
            let [outer, inner] = [1, 2].map(|sats| config.clone().default_price_sats(sats));
            if in_data {
                let scope = web::scope("/inner").app_data(web::Data::new(inner)).service(bare);
                app.app_data(web::Data::new(outer)).service(scope).service(bare);
            } else {
                let scope = web::scope("/inner").app_data(inner).service(bare);
                app.app_data(outer).service(scope).service(bare);
            }
        })
        .await;
        assert_eq!(price(&api, "/bare").await, 1);
        assert_eq!(price(&api, "/inner/bare").await, 2);
    }
}

#[actix_web::test]
async fn the_attributes_price_wins_over_the_default() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client()).default_price_sats(7);
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(bare).service(priced);
    })
    .await;
    assert_eq!(price(&api, "/bare").await, 7);
    assert_eq!(price(&api, "/priced").await, 100);
}

#[actix_web::test]
async fn a_token_is_bound_to_the_full_path_without_the_query() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(web::scope("/api/v1").service(priced));
    })
    .await;
    let answer = api.ask("/api/v1/priced?page=1").await;
    assert_eq!(answer.json()["l402"]["resource"], "/api/v1/priced");
    let credential = l402_tests::pay(&sandbox, &answer.headers);
    assert_eq!(api.ask_with("/api/v1/priced?page=2", &credential).await.status, 200);
}

#[actix_web::test]
async fn without_enforced_resource_a_token_opens_what_its_amount_covers() {
    let shop = Shop::with(Sandbox::start().await, |config| config.enforce_resource(false)).await;
    let credential = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/cheap", &credential).await.status, 200);
    assert_eq!(shop.api.ask_with("/forecast/berlin", &credential).await.status, 402, "too little");
}

#[actix_web::test]
async fn without_enforced_amount_a_token_opens_its_resource_at_any_price() {
    let shop = Shop::with(Sandbox::start().await, |config| config.enforce_amount(false)).await;
    let credential = shop.buy("/cheap").await;
    assert_eq!(shop.api.ask_with("/dear", &credential).await.status, 200);
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 402, "another resource");
}

#[actix_web::test]
async fn without_either_a_forged_token_is_refused_by_one_call() {
    let open = |config: L402Config| config.enforce_amount(false).enforce_resource(false);
    let shop = Shop::with(Sandbox::start().await, open).await;
    assert_eq!(shop.api.ask_with("/weather", "L402 AgEL:00").await.status, 401);
    assert_eq!(shop.sandbox.verifies(), 1);
    let credential = shop.buy("/cheap").await;
    assert_eq!(shop.api.ask_with("/forecast/berlin", &credential).await.status, 200);
}

#[actix_web::test]
async fn options_is_answered_204_without_a_charge_and_without_the_handler() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .route("/any", web::to(any_method))
            .route("/other", web::to(|| async { HttpResponse::Ok().body("ungated") }));
    })
    .await;
    for credential in [None, Some("L402 AgEL:00")] {
        let mut request = api.request(reqwest::Method::OPTIONS, "/any");
        if let Some(credential) = credential {
            request = request.header("Authorization", credential);
        }
        let answer = Answer::to(request).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert!(answer.all("www-authenticate").is_empty());
    }
    assert!(sandbox.requests().is_empty());
    for method in [reqwest::Method::POST, reqwest::Method::HEAD, reqwest::Method::DELETE] {
        assert_eq!(Answer::to(api.request(method, "/any")).await.status, 402);
    }
}

#[actix_web::test]
async fn every_registration_of_a_gated_handler_is_gated() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .app_data(web::Data::new(super::Calls::default()))
            .service(web::scope("/a").service(web::scope("/b").service(cheap)).service(dear))
            .route("/again", web::get().to(any_method))
            .default_service(web::to(any_method));
    })
    .await;
    for path in ["/a/b/cheap", "/a/dear", "/again", "/nowhere", "/a/nowhere"] {
        assert_eq!(api.ask(path).await.status, 402, "{path}");
    }
}
