//! What counts as a credential, and what a credential opens.

use std::time::Duration;

use actix_web::http::header::AUTHORIZATION;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use l402_sandbox::{Fault, Sandbox};
use l402_tests::{Answer, pay};
use serde_json::json;

use super::{Shop, halves};

#[actix_web::test]
async fn what_is_not_shaped_like_a_credential_is_asked_to_pay() {
    let shop = Shop::open().await;
    let long = format!("L402 {}:00", "m".repeat(8 * 1024));
    for value in [
        "",
        "L402",
        "L402 ",
        "L402 m",
        "L402 :p",
        "L402 m:",
        "Bearer m:p",
        "Basic bTpw",
        "m:p",
        "Payment eyJwYXlsb2FkIjp7fX0",
        &long,
    ] {
        let answer = shop.api.ask_with("/weather", value).await;
        assert_eq!(answer.status, 402, "{value:.40}");
    }
    assert_eq!(shop.sandbox.verifies(), 0);
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_paid_credential_opens_its_route_again_and_again() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    for calls in 1..=3 {
        let answer = shop.api.ask_with("/weather", &credential).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "sunny"));
        assert_eq!(shop.calls.so_far(), calls);
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.payments()), (1, 1));
}

#[actix_web::test]
async fn every_accepted_form_of_a_credential_opens_the_route() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let (macaroon, preimage) = halves(&credential);
    // What clients send that take LND's hexadecimal preimage for base64: 48 bytes in 96 digits.
    let bytes = STANDARD.decode(preimage).unwrap();
    let twice_decoded =
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(twice_decoded.len(), 96);
    for value in [
        format!("L402 {macaroon}:{preimage}"),
        format!("l402 {macaroon}:{preimage}"),
        format!("LSAT {macaroon}:{preimage}"),
        format!("lsat     {macaroon}:{preimage}  "),
        format!("L402 {macaroon}:{twice_decoded}"),
        format!("Bearer mine, L402 {macaroon}:{preimage}"),
        format!("L402 {macaroon}:{preimage}, Bearer mine"),
        format!("LSAT forged:00, L402 {macaroon}:{preimage}"),
    ] {
        let answer = shop.api.ask_with("/weather", &value).await;
        assert_eq!(answer.status, 200, "{value}: {}", answer.body);
    }
}

#[actix_web::test]
async fn every_authorization_line_is_looked_at() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let lsat = credential.replace("L402", "LSAT");
    for lines in [["Bearer mine", &credential], [&credential, "Bearer mine"], [&lsat, &credential]]
    {
        let mut request = shop.api.get("/weather");
        for line in lines {
            request = request.header(AUTHORIZATION.as_str(), line);
        }
        assert_eq!(Answer::to(request).await.status, 200, "{lines:?}");
    }
}

#[actix_web::test]
async fn a_forged_foreign_or_expired_credential_is_answered_401() {
    let sandbox = Sandbox::start().await;
    let shop = Shop::with(sandbox, |config| config).await;
    let other = Sandbox::start().await;
    let other_shop = Shop::with(other, |config| config).await;

    let credential = shop.buy("/weather").await;
    let second = shop.buy("/weather").await;
    let (macaroon, preimage) = halves(&credential);
    let tampered = tamper(macaroon);
    let foreign = other_shop.buy("/weather").await;
    for (what, value) in [
        ("nonsense", "L402 AgEL:00".to_owned()),
        ("another payment's preimage", format!("L402 {macaroon}:{}", halves(&second).1)),
        ("a tampered macaroon", format!("L402 {tampered}:{preimage}")),
        ("another broker's token", foreign),
    ] {
        let answer = shop.api.ask_with("/weather", &value).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.body);
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{what}");
    }
    shop.sandbox.advance(Duration::from_secs(61 * 60));
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 401, "expired");
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_token_of_another_merchant_is_answered_401() {
    let shop = Shop::open().await;
    let key = shop.sandbox.add_merchant();
    let client = l402_actix::L402Client::builder(key).base_url(shop.sandbox.url()).build().unwrap();
    let request = l402_actix::l402_server::ChallengeRequest::new("/weather", 100);
    let challenge = client.create_challenge(&request).await.unwrap();
    let preimage = shop.sandbox.pay(&challenge.invoice).unwrap();
    let credential = format!("L402 {}:{preimage}", challenge.macaroon);
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 401);
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_genuine_token_of_another_resource_heals_by_a_402_with_a_fresh_challenge() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let answer = shop.api.ask_with("/forecast/berlin", &credential).await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.json()["l402"]["resource"], "/forecast/berlin");
    assert_eq!(answer.json()["l402"]["amount_sats"], 250);
    assert_eq!(shop.calls.so_far(), 0);

    let fresh = pay(&shop.sandbox, &answer.headers);
    assert_eq!(shop.api.ask_with("/forecast/berlin", &fresh).await.status, 200);
}

#[actix_web::test]
async fn a_genuine_token_that_paid_less_than_the_price_heals_by_a_402_at_the_price() {
    let shop = Shop::open().await;
    let cheap = shop.buy("/cheap").await;
    let answer = shop.api.ask_with("/dear", &cheap).await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.json()["l402"]["amount_sats"], 500);
    assert_eq!(shop.calls.so_far(), 0);

    let dear = pay(&shop.sandbox, &answer.headers);
    assert_eq!(shop.api.ask_with("/dear", &dear).await.body, "dear");
    assert_eq!(shop.api.ask_with("/cheap", &dear).await.body, "cheap", "it covers the lower price");
}

#[actix_web::test]
async fn a_refusal_costs_two_calls_and_an_accepted_token_one() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    shop.api.ask_with("/weather", &credential).await;
    assert_eq!(shop.sandbox.verifies(), 1);
    shop.api.ask_with("/weather", "L402 AgEL:00").await;
    assert_eq!(shop.sandbox.verifies(), 3);
    let asked = shop.sandbox.requests();
    let questions: Vec<_> = asked.iter().filter(|seen| seen.path.ends_with("/verify")).collect();
    assert_eq!(
        questions[1].body,
        json!({ "macaroon": "AgEL", "preimage": "00", "resource": "/weather", "amountSats": 100 })
    );
    assert_eq!(questions[2].body, json!({ "macaroon": "AgEL", "preimage": "00" }));
}

/// A client that pays on every 402 would pay without end.
#[actix_web::test]
async fn a_broker_that_refuses_a_fresh_token_ends_in_401_and_not_in_another_challenge() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let refuse = json!({ "valid": false, "error": "no" });
    shop.sandbox.fault(Fault::json(refuse.clone()).times(2));
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 401);

    // Refused for this request, yet genuine and covering it: no reason to sell another one.
    shop.sandbox.fault(Fault::json(refuse));
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 401);
    assert_eq!((shop.sandbox.mints(), shop.calls.so_far()), (1, 0));
}

/// Changes one letter in the middle of a base64 text.
fn tamper(macaroon: &str) -> String {
    let middle = macaroon.len() / 2;
    let other = if &macaroon[middle..=middle] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &macaroon[..middle], &macaroon[middle + 1..])
}
