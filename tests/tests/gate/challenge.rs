//! The 402 and the 401, to the letter.

use l402_sandbox::Fault;
use serde_json::json;

use super::{Shop, halves};

#[actix_web::test]
async fn an_unpaid_request_is_answered_402_with_the_exact_challenge() {
    let shop = Shop::open().await;
    let answer = shop.api.ask("/weather").await;

    assert_eq!(answer.status, 402);
    let body = answer.json();
    let (macaroon, invoice) = (&body["l402"]["macaroon"], &body["l402"]["invoice"]);
    let (macaroon, invoice) = (macaroon.as_str().unwrap(), invoice.as_str().unwrap());
    // The only line of its name, so nothing can precede it.
    assert_eq!(
        answer.header("www-authenticate"),
        format!(
            r#"L402 macaroon="{macaroon}", invoice="{invoice}", version="0", token="{macaroon}""#
        )
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("vary"), "Authorization");
    let (hash, expires) = (&body["l402"]["payment_hash"], &body["l402"]["expires_at"]);
    assert_eq!(
        answer.body,
        format!(
            r#"{{"error":"Payment Required","l402":{{"macaroon":"{macaroon}","invoice":"{invoice}","amount_sats":100,"payment_hash":{hash},"expires_at":{expires},"resource":"/weather"}},"macaroon":"{macaroon}","invoice":"{invoice}","price_sats":100,"amountSats":100,"paymentHash":{hash}}}"#
        )
    );
    assert!(invoice.starts_with("lnbcrt"), "{invoice}");
    assert_eq!(hash.as_str().unwrap().len(), 64);
    assert_eq!(shop.calls.so_far(), 0);

    let minted = &shop.sandbox.requests()[0].body;
    assert_eq!(
        *minted,
        json!({ "resource": "/weather", "priceSats": 100, "description": "The weather" })
    );
}

#[actix_web::test]
async fn each_payer_gets_an_invoice_of_its_own_and_all_can_be_paid() {
    let shop = Shop::open().await;
    for _ in 0..3 {
        let credential = shop.buy("/weather").await;
        assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 200);
    }
    assert_eq!(shop.sandbox.mints(), 3);
    assert_eq!(shop.sandbox.payments(), 3);
}

#[actix_web::test]
async fn a_refused_credential_is_answered_401_without_macaroon_and_invoice() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let (macaroon, _) = halves(&credential);
    let mints = shop.sandbox.mints();

    let answer =
        shop.api.ask_with("/weather", &format!("L402 {macaroon}:{}", "0".repeat(64))).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), r#"L402 error="invalid_token""#);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(body["error"], "Unauthorized");
    assert!(!body["message"].as_str().unwrap().is_empty());
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    assert_eq!(shop.sandbox.mints(), mints, "a refusal mints nothing");
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn the_reason_on_a_401_is_the_brokers_only_if_it_is_short_visible_ascii() {
    let shop = Shop::open().await;
    let longest = "x".repeat(200);
    let too_long = "x".repeat(201);
    let default = "Invalid L402 credential.";
    let reasons = [
        (json!("token expired"), "token expired"),
        (json!(longest), longest.as_str()),
        (json!(too_long), default),
        (json!("caf\u{e9}"), default),
        (json!(""), default),
        (json!("  "), default),
        (json!(null), default),
    ];
    for (number, (reason, shown)) in reasons.into_iter().enumerate() {
        let refusal = json!({ "valid": false, "error": reason });
        shop.sandbox.fault(Fault::json(refusal).times(2));
        // Another one each time: a credential that was just refused is not asked about again.
        let answer = shop.api.ask_with("/weather", &format!("L402 AgEL:0{number}")).await;
        assert_eq!(answer.status, 401, "{reason}");
        assert_eq!(answer.json()["message"], shown, "{reason}");
    }
}

#[actix_web::test]
async fn a_broker_that_calls_the_credential_nonsense_ends_in_401_without_its_words() {
    let shop = Shop::open().await;
    shop.sandbox.fault(Fault::status(400).body(r#"{"error":"upstream words"}"#));
    let answer = shop.api.ask_with("/weather", "L402 AgEL:00").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["message"], "Invalid L402 credential.");
    assert_eq!(answer.header("www-authenticate"), r#"L402 error="invalid_token""#);
}

#[actix_web::test]
async fn a_macaroon_or_an_invoice_that_no_payer_could_use_is_answered_502() {
    let shop = Shop::open().await;
    for (field, value) in [
        ("macaroon", "a\"b".to_owned()),
        ("macaroon", "a\\b".to_owned()),
        ("macaroon", "a b".to_owned()),
        ("macaroon", "a\r\nX-Evil: 1".to_owned()),
        ("macaroon", "a\0b".to_owned()),
        ("macaroon", "caf\u{e9}".to_owned()),
        ("macaroon", String::new()),
        ("macaroon", "m".repeat(8 * 1024)),
        ("macaroon", "m".repeat(60 * 1024)),
        ("invoice", "a\"b".to_owned()),
        ("invoice", "a\r\nb".to_owned()),
        ("invoice", String::new()),
        ("invoice", "i".repeat(60 * 1024)),
    ] {
        let shown = format!("{field} {value:.20?}");
        shop.sandbox.fault(Fault::edit(move |reply| reply[field] = json!(value)));
        let answer = shop.api.ask("/weather").await;
        assert_eq!(answer.status, 502, "{shown}");
        assert!(answer.all("www-authenticate").is_empty(), "{shown}");
        assert!(answer.headers.get("x-evil").is_none());
    }
}

#[actix_web::test]
async fn the_longest_macaroon_that_is_handed_out_can_be_presented() {
    let shop = Shop::open().await;
    let longest = "m".repeat(8 * 1024 - "L402 :".len() - 96);
    let macaroon = longest.clone();
    shop.sandbox.fault(Fault::edit(move |reply| reply["macaroon"] = json!(macaroon)));
    assert_eq!(shop.api.ask("/weather").await.status, 402);

    let verified = shop.sandbox.verifies();
    let credential = format!("L402 {longest}:{}", "0".repeat(96));
    assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 401);
    assert!(shop.sandbox.verifies() > verified, "the broker was asked");
}
