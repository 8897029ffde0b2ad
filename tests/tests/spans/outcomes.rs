//! What the span says of each way in which a request can go.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{
    BrokerBudget, ClientIdentity, L402Client, OnInvalidToken, VerifyCache,
    l402_server::Verification,
};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Api;
use serde_json::json;

use super::{Shop, collector, only_span, weather};

const FORGED: &str = "L402 AgELbm90LWdlbnVpbmU:00";
const WEATHER: &str = "/weather/{city}";

#[actix_web::test]
async fn an_unpaid_request_is_challenged_and_a_paid_one_is_paid() {
    let shop = Shop::open("/plain").await;
    let unpaid = shop.ask("/weather/rome").await;
    assert_eq!(shop.went(WEATHER), "100 challenged no_credential");
    let credential = l402_tests::pay(&shop.sandbox, &unpaid.headers);
    assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 200);
    assert_eq!(shop.went(WEATHER), "100 paid -");
    assert_eq!(shop.ask_with("/weather/paris", &credential).await.status, 402);
    assert_eq!(shop.went(WEATHER), "100 challenged not_covered");
}

#[actix_web::test]
async fn a_token_that_is_not_genuine_is_called_so_however_it_is_answered() {
    async fn sorry(_: HttpRequest, _: Verification) -> HttpResponse {
        HttpResponse::Forbidden().body("sorry")
    }
    for (scope, answer, status, went) in [
        ("/diagnose", OnInvalidToken::Diagnose, 401, "100 rejected invalid_token"),
        ("/unauthorized", OnInvalidToken::Unauthorized, 401, "100 rejected invalid_token"),
        ("/rechallenge", OnInvalidToken::Rechallenge, 402, "100 challenged invalid_token"),
        ("/custom", OnInvalidToken::custom(sorry), 403, "100 rejected invalid_token"),
    ] {
        let shop = Shop::with(scope, |config| config.on_invalid_token(answer.clone())).await;
        assert_eq!(shop.ask_with("/weather/rome", FORGED).await.status, status, "{scope}");
        assert_eq!(shop.went(WEATHER), went, "{scope}");
    }
}

#[actix_web::test]
async fn a_token_that_was_good_is_called_expired_and_one_for_something_else_not_covering() {
    let shop = Shop::open("/expiring").await;
    let credential = shop.buy("/weather/rome").await;
    assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 200);
    assert_eq!(shop.went(WEATHER), "100 paid -");
    shop.sandbox.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 402);
    assert_eq!(shop.went(WEATHER), "100 challenged expired");
    assert_eq!(shop.ask_with("/weather/paris", &credential).await.status, 402);
    assert_eq!(shop.went(WEATHER), "100 challenged not_covered");
}

#[actix_web::test]
async fn what_the_merchant_decides_is_told_from_what_the_gate_decides() {
    let shop = Shop::open("/merchant").await;
    assert_eq!(shop.ask("/priced?free").await.status, 200);
    assert_eq!(shop.went("/priced"), "- free -");
    assert_eq!(shop.ask("/priced?gone").await.status, 410);
    assert_eq!(shop.went("/priced"), "- rejected by_merchant");
    assert_eq!(shop.ask("/unpriced").await.status, 500);
    assert_eq!(shop.went("/unpriced"), "- server_error misconfigured");
    let long = format!("/weather/{}", "x".repeat(2000));
    assert_eq!(shop.ask(&long).await.status, 414);
    assert_eq!(shop.went(WEATHER), "- rejected resource_too_long");
}

#[actix_web::test]
async fn a_token_that_is_spent_is_called_so() {
    let shop = Shop::open("/spending").await;
    let credential = shop.buy("/once").await;
    assert_eq!(shop.ask_with("/once", &credential).await.status, 200);
    assert_eq!(shop.went("/once"), "10 paid -");
    assert_eq!(shop.ask_with("/once", &credential).await.status, 402);
    assert_eq!(shop.went("/once"), "10 challenged spent");
}

#[actix_web::test]
async fn each_failure_of_the_broker_has_its_name() {
    let shop = Shop::open("/failing").await;
    for (fault, status, reason) in [
        (Fault::status(401), 502, "key_refused"),
        (Fault::status(403), 502, "plan_refused"),
        (Fault::named("plan_volume_limit").unwrap(), 502, "plan_refused"),
        (Fault::named("no_wallet").unwrap(), 502, "no_wallet"),
        (Fault::named("idempotency_key_reuse").unwrap(), 502, "idempotency_key_reuse"),
        (Fault::status(429), 503, "rate_limited"),
        (Fault::status(503), 503, "unavailable"),
        (Fault::status(500), 502, "broker_fault"),
        (Fault::status(404), 502, "request_refused"),
        (Fault::garbage(), 502, "invalid_reply"),
        (Fault::reset().times(2), 502, "unreachable"),
        (Fault::edit(|reply| reply["invoice"] = json!("\"")), 502, "invalid_reply"),
    ] {
        shop.sandbox.fault(fault);
        assert_eq!(shop.ask("/weather/rome").await.status, status, "{reason}");
        assert_eq!(shop.went(WEATHER), format!("100 broker_error {reason}"));
        shop.sandbox.clear_faults();
    }
    shop.sandbox.fault(Fault::status(400).on(Endpoint::Verify));
    assert_eq!(shop.ask_with("/weather/rome", FORGED).await.status, 401);
    assert_eq!(shop.went(WEATHER), "100 rejected malformed_token");
}

#[actix_web::test]
async fn our_own_limits_are_told_from_the_brokers() {
    let shop =
        Shop::with("/budget", |config| config.broker_budget(BrokerBudget::per_minute(2))).await;
    assert_eq!(shop.ask("/weather/rome").await.status, 402);
    assert_eq!(shop.went(WEATHER), "100 challenged no_credential");
    assert_eq!(shop.ask("/weather/rome").await.status, 429);
    assert_eq!(shop.went(WEATHER), "100 rejected client_over_limit");
    assert_eq!(shop.ask_from(7, "/weather/rome").await.status, 402);
    assert_eq!(shop.went(WEATHER), "100 challenged no_credential");
    assert_eq!(shop.ask_from(8, "/weather/rome").await.status, 503);
    assert_eq!(shop.went(WEATHER), "100 rejected over_budget");

    let one = ClientIdentity::peer_addr().calls_per_minute(1);
    let shop = Shop::with("/client", |config| config.client_identity(one.clone())).await;
    assert_eq!(shop.ask("/weather/rome").await.status, 402);
    assert_eq!(shop.went(WEATHER), "100 challenged no_credential");
    assert_eq!(shop.ask("/weather/rome").await.status, 429);
    assert_eq!(shop.went(WEATHER), "100 rejected client_over_limit");
}

#[actix_web::test]
async fn the_span_tells_how_long_the_broker_took_and_a_cache_takes_no_time() {
    let shop = Shop::with("/slow", |config| config.verify_cache(VerifyCache::new())).await;
    let credential = shop.buy("/weather/rome").await;
    let delay = Duration::from_millis(300);
    shop.sandbox.fault(Fault::delay(delay).on(Endpoint::Verify));
    shop.ask_with("/weather/rome", &credential).await;
    let asked: u64 = shop.span(WEATHER).fields.get("broker_ms").parse().unwrap();
    assert!(asked >= 300, "{asked}");
    shop.ask_with("/weather/rome", &credential).await;
    let cached: u64 = shop.span(WEATHER).fields.get("broker_ms").parse().unwrap();
    assert!(cached < asked, "{cached}");
    assert_eq!(shop.sandbox.verifies(), 1);
    shop.ask("/priced?free").await;
    assert_eq!(shop.span("/priced").fields.get("broker_ms"), "-", "nobody was to be asked");
}

#[actix_web::test]
async fn the_span_of_an_mpp_payment_tells_how_long_the_broker_took_too() {
    let shop = Shop::with("/slow-mpp", |config| config.mpp(true)).await;
    let credential = shop.buy("/weather/rome").await;
    let proof = json!({ "payload": { "preimage": credential.split_once(':').unwrap().1 } });
    let payment = format!("Payment {}", URL_SAFE_NO_PAD.encode(proof.to_string()));
    shop.sandbox.fault(Fault::delay(Duration::from_millis(300)).on(Endpoint::Verify));
    assert_eq!(shop.ask_with("/weather/rome", &payment).await.status, 200);
    let asked: u64 = shop.span(WEATHER).fields.get("broker_ms").parse().unwrap();
    assert!(asked >= 300, "{asked}");
}

#[actix_web::test]
async fn a_gate_whose_deadline_has_passed_tells_how_long_it_waited() {
    collector::begin();
    let sandbox = Sandbox::start().await;
    sandbox.fault(Fault::hang());
    let client = L402Client::builder(sandbox.api_key()).base_url(sandbox.url());
    let client = client.timeout(Duration::from_millis(200)).build().unwrap();
    let config = l402_tests::config(client);
    let api = Api::serve(move |app| {
        let routes = web::scope("/late").service(weather);
        app.app_data(config.clone()).service(routes);
    })
    .await;
    assert_eq!(api.ask("/late/weather/rome").await.status, 504);
    let span = only_span("/late/weather/{city}");
    assert_eq!(
        (span.fields.get("outcome"), span.fields.get("reason")),
        ("broker_error", "timeout")
    );
    assert!(span.fields.get("broker_ms").parse::<u64>().unwrap() >= 200);
}
