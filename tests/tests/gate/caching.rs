//! Every answer of a gated route is private, whatever the handler says.

use actix_cors::Cors;
use actix_web::{HttpResponse, Responder, get, http::header, web};
use l402_actix::{L402Config, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api};

#[get("/cached")]
#[l402(price_sats = 1)]
async fn cached() -> impl Responder {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60, s-maxage=600"))
        .insert_header((header::VARY, "Accept"))
        .body("paid content")
}

#[get("/numbers/{number}")]
#[l402(price_sats = 1)]
async fn number(number: web::Path<u32>) -> impl Responder {
    number.to_string()
}

#[actix_web::test]
async fn a_paid_answer_is_private_and_varies_with_the_credential() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(cached).service(number).service(
            web::scope("/shared").app_data(config.clone().shared_cache(true)).service(cached),
        );
    })
    .await;
    for (path, status, cache_control, vary) in [
        ("/cached", 200, "private, max-age=60", "Accept, Authorization"),
        ("/numbers/1", 200, "private", "Authorization"),
        ("/numbers/one", 404, "private", "Authorization"),
        ("/shared/cached", 200, "public, max-age=60, s-maxage=600", "Accept, Authorization"),
    ] {
        let credential = api.buy(path, &sandbox).await;
        let answer = api.ask_with(path, &credential).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("cache-control"), cache_control, "{path}");
        assert_eq!(answer.header("vary"), vary, "{path}");
    }
}

#[actix_web::test]
async fn cors_around_the_gate_leaves_all_that_the_answer_varies_with() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client())
        .credential_header(header::HeaderName::from_static("x-l402"));
    let api = Api::serve(move |app| {
        let cors = Cors::default().allowed_origin("https://app.example");
        app.service(web::scope("").app_data(config.clone()).wrap(cors).service(cached));
    })
    .await;
    let credential = api.buy("/cached", &sandbox).await;
    let paid = api.get("/cached").header(header::AUTHORIZATION.as_str(), credential);
    let answer = Answer::to(paid.header("Origin", "https://app.example")).await;
    assert_eq!(answer.status, 200);
    let vary = answer.header("vary");
    for name in ["Accept", "Authorization", "x-l402", "Origin"] {
        assert!(vary.split(", ").any(|field| field == name), "{name} in {vary}");
    }
}
