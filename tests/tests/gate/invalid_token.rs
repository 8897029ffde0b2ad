//! How a refused credential can be answered.

use actix_web::{HttpRequest, HttpResponse, Responder};
use l402_actix::{OnInvalidToken, l402_server::Verification};
use l402_sandbox::{Sandbox, append_caveat};
use l402_tests::pay;

use super::{L402Config, Shop, halves};

const FORGED: &str = "L402 AgEL:00";

async fn shop(answer: OnInvalidToken) -> Shop {
    let settings = move |config: L402Config| config.on_invalid_token(answer.clone());
    Shop::with(Sandbox::start().await, settings).await
}

async fn page(request: HttpRequest, verdict: Verification) -> impl Responder {
    HttpResponse::Unauthorized()
        .append_header(("WWW-Authenticate", "Bearer realm=\"shop\""))
        .append_header(("WWW-Authenticate", "L402 macaroon=\"m\", invoice=\"i\""))
        .body(format!("{}: {}", request.path(), verdict.error.unwrap_or_default()))
}

#[actix_web::test]
async fn unauthorized_answers_401_to_every_refused_token_by_one_call() {
    let shop = shop(OnInvalidToken::Unauthorized).await;
    let sibling = shop.buy("/weather").await;
    for credential in [FORGED, &sibling] {
        let before = shop.sandbox.verifies();
        let answer = shop.api.ask_with("/forecast/berlin", credential).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), r#"L402 error="invalid_token""#);
        assert_eq!(shop.sandbox.verifies(), before + 1);
    }
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn rechallenge_answers_402_to_every_refused_token_by_one_call() {
    let shop = shop(OnInvalidToken::Rechallenge).await;
    let sibling = shop.buy("/weather").await;
    for credential in [FORGED, &sibling] {
        let before = shop.sandbox.verifies();
        let answer = shop.api.ask_with("/forecast/berlin", credential).await;
        assert_eq!(answer.status, 402);
        assert_eq!(answer.json()["l402"]["amount_sats"], 250);
        assert_eq!(shop.sandbox.verifies(), before + 1);
    }
    assert_eq!(shop.calls.so_far(), 0);
}

/// The merchant's key would bring back the invoice that was paid for the refused token, and nobody
/// can pay it twice.
#[actix_web::test]
async fn a_rechallenge_is_a_new_invoice_whatever_the_merchants_idempotency_key() {
    let shop = Shop::with(Sandbox::start().await, |config| {
        config
            .on_invalid_token(OnInvalidToken::Rechallenge)
            .idempotency_key_with(|_| Some("the same for all".to_owned()))
    })
    .await;
    let token = shop.buy("/weather").await;
    let (macaroon, preimage) = halves(&token);
    let ruined = append_caveat(macaroon, "path=/other").unwrap();
    let ruined_at_once = shop.api.ask_with("/weather", &format!("L402 {ruined}:{preimage}")).await;
    assert_eq!(
        ruined_at_once.status, 401,
        "it has just been paid, and asking for more could be endless"
    );
    assert_eq!(shop.api.ask_with("/weather", &token).await.status, 200);
    let ruined = append_caveat(macaroon, "path=/another").unwrap();
    let answer = shop.api.ask_with("/weather", &format!("L402 {ruined}:{preimage}")).await;
    assert_eq!(answer.status, 402);
    let next = pay(&shop.sandbox, &answer.headers);
    assert_ne!(next, token);
    assert_eq!(shop.api.ask_with("/weather", &next).await.status, 200);
}

#[actix_web::test]
async fn a_custom_answer_is_for_tokens_that_are_not_genuine_and_carries_no_challenge() {
    let shop = shop(OnInvalidToken::custom(page)).await;
    let answer = shop.api.ask_with("/weather", FORGED).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, "/weather: the macaroon cannot be read");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"shop\"");
    assert_eq!(answer.header("cache-control"), "private");

    let sibling = shop.buy("/weather").await;
    let answer = shop.api.ask_with("/forecast/berlin", &sibling).await;
    assert_eq!(answer.status, 402, "a genuine token is none of its business");
    assert!(answer.header("www-authenticate").starts_with("L402 macaroon="));
    assert_eq!(shop.api.ask_with("/weather", &sibling).await.status, 200);
    assert_eq!(shop.calls.so_far(), 1);
}

#[actix_web::test]
async fn a_failing_broker_is_never_an_invalid_token() {
    let shop = shop(OnInvalidToken::custom(page)).await;
    shop.sandbox.fault(l402_sandbox::Fault::status(500));
    assert_eq!(shop.api.ask_with("/weather", FORGED).await.status, 502);
}
