//! Payments in the `Payment` scheme (MPP), which has no macaroon and is taken once.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{AUTHORIZATION, HeaderName},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{OnInvalidToken, l402_server::Verification};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Answer;
use serde_json::{Value, json};

use super::{L402Config, Shop};

async fn shop() -> Shop {
    Shop::with(Sandbox::start().await, |config| config.mpp(true)).await
}

/// Pays the invoice of a 402 and returns what a client of the scheme sends: the challenge's
/// parameters repeated, and the proof.
pub(crate) fn pay_by_mpp(sandbox: &Sandbox, challenge: &Answer) -> String {
    let invoice = challenge.json()["l402"]["invoice"].as_str().unwrap().to_owned();
    credential(&sandbox.pay(&invoice).unwrap())
}

/// The kind of a problem, of which the body, the status and the content type say the same.
fn problem(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!(body["status"], answer.status);
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    let kind = body["type"].as_str().unwrap();
    kind.strip_prefix("https://paymentauth.org/problems/").unwrap().to_owned()
}

/// What a client of the scheme repeats of the broker's challenge, and the proof.
fn repeating(challenge: &Answer, preimage: &str) -> String {
    let [_, line] = challenge.all("www-authenticate")[..] else { panic!("{challenge:?}") };
    let parameter = |name: &str| {
        let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap()
    };
    let json = json!({
        "challenge": {
            "id": parameter("id"), "request": parameter("request"), "expires": parameter("expires"),
        },
        "payload": { "preimage": preimage },
    });
    format!("Payment {}", URL_SAFE_NO_PAD.encode(json.to_string()))
}

fn credential(preimage: &str) -> String {
    let json = json!({
        "challenge": { "id": "1", "method": "lightning", "intent": "charge" },
        "payload": { "preimage": preimage },
    });
    format!("Payment {}", URL_SAFE_NO_PAD.encode(json.to_string()))
}

impl Shop {
    pub(crate) async fn buy_by_mpp(&self, path: &str) -> String {
        let challenge = self.api.ask(path).await;
        assert_eq!(challenge.status, 402);
        pay_by_mpp(&self.sandbox, &challenge)
    }

    /// Asks with a credential, and counts the verifications that this takes.
    async fn present(&self, path: &str, credential: &str) -> (Answer, u64) {
        let before = self.sandbox.verifies();
        let answer = self.api.ask_with(path, credential).await;
        (answer, self.sandbox.verifies() - before)
    }
}

#[actix_web::test]
async fn it_is_neither_offered_nor_taken_unless_it_is_switched_on() {
    let shop = Shop::open().await;
    let challenge = shop.api.ask("/weather").await;
    assert!(challenge.header("www-authenticate").starts_with("L402 macaroon="));
    let credential = pay_by_mpp(&shop.sandbox, &challenge);
    let (answer, verifies) = shop.present("/weather", &credential).await;
    assert_eq!((answer.status, verifies), (402, 0));
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn it_is_offered_as_the_second_line_and_the_first_stays_l402() {
    let shop = shop().await;
    let theirs = r#"Payment id="7", method="lightning", request="e30""#;
    shop.sandbox.fault(Fault::edit(move |reply| reply["mppChallenge"] = theirs.into()));
    let edited = shop.api.ask("/weather").await;
    let [first, second] = edited.all("www-authenticate")[..] else { panic!("{edited:?}") };
    assert!(first.starts_with("L402 macaroon=\""), "{first}");
    assert_eq!(second, theirs, "as the broker sent it");

    let genuine = shop.api.ask("/weather").await;
    let [first, second] = genuine.all("www-authenticate")[..] else { panic!("{genuine:?}") };
    assert!(first.starts_with("L402 macaroon=\""), "{first}");
    let request = second.split_once("request=\"").unwrap().1.split('"').next().unwrap();
    let request: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(request).unwrap()).unwrap();
    let l402 = &genuine.json()["l402"];
    assert_eq!(request["amount"], "100");
    assert_eq!(request["methodDetails"]["invoice"], l402["invoice"], "one invoice for both");
}

#[actix_web::test]
async fn a_challenge_that_clients_cannot_read_is_not_passed_on() {
    let shop = shop().await;
    for unusable in [
        Value::Null,
        "".into(),
        // The scheme's former profile, on which a client throws.
        r#"Payment id="7", invoice="lnbcrt1""#.into(),
        r#"Payment id="7", xrequest="e30""#.into(),
        r#"Payment id="7", description="at your request=1, request=2""#.into(),
        r#"payment id="7", request="e30""#.into(),
        r#"Lightning request="e30""#.into(),
        r#"L402 macaroon="m", invoice="i", request="e30""#.into(),
        r#" Payment request="e30""#.into(),
        "Payment request=\"é\"".into(),
        "Payment request=\"e30\"\r\nSet-Cookie: a=b".into(),
        "Payment\trequest=\"e30\"".into(),
        format!(r#"Payment request="{}""#, "e".repeat(8 * 1024)).into(),
    ] {
        let said = unusable.clone();
        shop.sandbox.fault(Fault::edit(move |reply| reply["mppChallenge"] = said.clone()));
        let answer = shop.api.ask("/weather").await;
        assert_eq!(answer.status, 402, "{unusable}");
        assert!(answer.header("www-authenticate").starts_with("L402 macaroon="), "{unusable}");
        assert!(answer.all("set-cookie").is_empty());
    }
}

#[actix_web::test]
async fn a_payment_opens_its_route_once_and_never_again() {
    let shop = shop().await;
    let credential = shop.buy_by_mpp("/weather").await;
    let (answer, verifies) = shop.present("/weather", &credential).await;
    assert_eq!((answer.status, answer.body.as_str(), verifies), (200, "sunny", 1));
    let asked = shop.sandbox.requests().pop().unwrap().body;
    assert_eq!(asked["resource"], "/weather");
    assert_eq!(asked["amountSats"], 100);
    assert_eq!(asked.get("macaroon"), None);

    let (answer, verifies) = shop.present("/weather", &credential).await;
    assert_eq!((answer.status, verifies), (402, 0));
    assert_eq!(problem(&answer), "lightning/unknown-challenge");
    assert_eq!(shop.calls.so_far(), 1);
}

#[actix_web::test]
async fn a_payment_that_nobody_made_opens_nothing() {
    let shop = shop().await;
    let (answer, verifies) = shop.present("/weather", &credential(&"0".repeat(64))).await;
    assert_eq!((answer.status, verifies), (402, 1));
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_payment_for_another_resource_or_of_a_smaller_amount_opens_nothing_and_stays_good() {
    let shop = shop().await;
    for (bought, other) in [("/weather", "/cheap"), ("/cheap", "/dear")] {
        let credential = shop.buy_by_mpp(bought).await;
        let calls = shop.calls.so_far();
        let (answer, verifies) = shop.present(other, &credential).await;
        assert_eq!((answer.status, verifies), (402, 1), "{bought} at {other}");
        assert_eq!(shop.calls.so_far(), calls);
        let (answer, _) = shop.present(bought, &credential).await;
        assert_eq!(answer.status, 200, "{bought}");
    }
}

#[actix_web::test]
async fn a_header_of_the_merchants_choice_carries_it_too() {
    let own = HeaderName::from_static("x-l402");
    let settings = move |config: L402Config| config.mpp(true).credential_header(own.clone());
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let payment = shop.buy_by_mpp("/weather").await;
    let request = shop.api.get("/weather").header("X-L402", &payment);
    let answer = Answer::to(request.header("Authorization", "Bearer mine")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "sunny"));
}

/// The broker may have taken it although its answer never came. An L402 token is asked about
/// again, because that changes nothing.
/// It is looked at anyway, and its payment is one.
#[actix_web::test]
async fn the_header_of_the_merchants_choice_may_be_authorization_itself() {
    let settings = |config: L402Config| config.mpp(true).credential_header(AUTHORIZATION);
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let payment = shop.buy_by_mpp("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &payment).await.status, 200);
}

#[actix_web::test]
async fn a_verification_whose_answer_is_lost_is_not_repeated() {
    let shop = shop().await;
    let payment = shop.buy_by_mpp("/weather").await;
    shop.sandbox.fault(Fault::reset().on(Endpoint::Verify));
    let (answer, verifies) = shop.present("/weather", &payment).await;
    assert_eq!((answer.status, verifies), (502, 1));
    assert!(answer.all("www-authenticate").is_empty(), "a failure asks for no payment");
    assert_eq!(shop.calls.so_far(), 0);

    let token = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::reset().on(Endpoint::Verify));
    let (answer, verifies) = shop.present("/weather", &token).await;
    assert_eq!((answer.status, verifies), (200, 2));
}

#[actix_web::test]
async fn a_payment_whose_request_fails_is_good_again_though_the_broker_takes_it_once() {
    let shop = shop().await;
    let credential = shop.buy_by_mpp("/fails").await;
    for verifies in [1, 0, 0] {
        let (answer, asked) = shop.present("/fails", &credential).await;
        assert_eq!((answer.status, asked), (500, verifies));
    }
    assert_eq!(shop.calls.so_far(), 3);
}

#[actix_web::test]
async fn valid_without_facts_means_what_was_sent() {
    let shop = shop().await;
    let credential = shop.buy_by_mpp("/forecast/berlin").await;
    let only_valid = Fault::edit(|reply| *reply = json!({ "valid": reply["valid"] }));
    shop.sandbox.fault(only_valid.on(Endpoint::Verify));
    let (answer, verifies) = shop.present("/forecast/berlin", &credential).await;
    assert_eq!((answer.status, verifies), (200, 1));
    assert_eq!(answer.body, "berlin /forecast/berlin 250 None None");
}

#[actix_web::test]
async fn facts_that_do_not_cover_the_request_open_nothing_whatever_the_broker_says() {
    let shop = shop().await;
    for (fact, value) in [("amountSats", json!(99)), ("resource", json!("/cheap"))] {
        let credential = shop.buy_by_mpp("/weather").await;
        let said = value.clone();
        let fault = Fault::edit(move |reply| reply[fact] = said.clone()).on(Endpoint::Verify);
        shop.sandbox.fault(fault);
        let (answer, verifies) = shop.present("/weather", &credential).await;
        assert_eq!((answer.status, verifies), (502, 1), "{fact}");
    }
    assert_eq!(shop.calls.so_far(), 0);
}

async fn page(_: HttpRequest, verdict: Verification) -> impl Responder {
    HttpResponse::Forbidden().body(verdict.error.unwrap_or_default())
}

#[actix_web::test]
async fn a_payment_that_is_used_up_is_asked_for_another_by_no_call_whatever_on_invalid_token_says()
{
    for setting in [
        OnInvalidToken::Diagnose,
        OnInvalidToken::Unauthorized,
        OnInvalidToken::Rechallenge,
        OnInvalidToken::custom(page),
    ] {
        let chosen = setting.clone();
        let settings = move |config: L402Config| config.mpp(true).on_invalid_token(chosen.clone());
        let shop = Shop::with(Sandbox::start().await, settings).await;
        let credential = shop.buy_by_mpp("/weather").await;
        assert_eq!(shop.present("/weather", &credential).await.0.status, 200, "{setting:?}");
        let (answer, verifies) = shop.present("/weather", &credential).await;
        assert_eq!((answer.status, verifies), (402, 0), "{setting:?}");
        assert_eq!(shop.calls.so_far(), 1, "{setting:?}");
    }
}

#[actix_web::test]
async fn a_token_beside_it_is_taken_first_and_the_payment_is_not_spent() {
    let shop = shop().await;
    let (token, payment) = (shop.buy("/weather").await, shop.buy_by_mpp("/weather").await);
    for lines in [[&payment, &token], [&token, &payment]] {
        let request = lines
            .into_iter()
            .fold(shop.api.get("/weather"), |request, line| request.header("Authorization", line));
        assert_eq!(Answer::to(request).await.status, 200);
        assert_ne!(shop.sandbox.requests().pop().unwrap().body.get("macaroon"), None);
    }
    assert_eq!(shop.present("/weather", &payment).await.0.status, 200);
}

#[actix_web::test]
async fn the_402_is_a_problem_where_mpp_is_spoken_and_has_both_lines() {
    let shop = shop().await;
    let unpaid = shop.api.ask("/weather").await;
    assert_eq!(unpaid.header("content-type"), "application/json");
    let body = unpaid.json();
    assert_eq!(body["type"], "https://paymentauth.org/problems/payment-required");
    assert_eq!((&body["status"], &body["price_sats"]), (&402.into(), &100.into()));
    assert_eq!(unpaid.all("www-authenticate").len(), 2);

    let refused = shop.api.ask_with("/weather", &credential(&"0".repeat(64))).await;
    assert_eq!(problem(&refused), "lightning/unknown-challenge");
    assert!(refused.json()["l402"]["invoice"].is_string(), "and a challenge beside it");
    assert_eq!(refused.all("www-authenticate").len(), 2);
    assert!(refused.all("www-authenticate")[0].starts_with("L402 macaroon="));

    let off = Shop::open().await.api.ask("/weather").await;
    assert!(off.json().get("type").is_none());
}

#[actix_web::test]
async fn a_problem_says_what_is_wrong_with_a_payment() {
    let shop = shop().await;
    for unreadable in ["Payment", "Payment !", "Payment eyJ9"] {
        let answer = shop.api.ask_with("/weather", &format!("{unreadable} ")).await;
        let expected = if unreadable == "Payment" { 402 } else { answer.status };
        assert_eq!((answer.status, expected), (402, 402), "{unreadable}");
        if unreadable != "Payment" {
            assert_eq!(problem(&answer), "lightning/malformed-credential", "{unreadable}");
        }
    }
    assert_eq!(shop.sandbox.verifies(), 0);
    let no_hash = shop.api.ask_with("/weather", &credential("00")).await;
    assert_eq!(problem(&no_hash), "lightning/malformed-credential");
    let challenge = shop.api.ask("/weather").await;
    let wrong = shop.api.ask_with("/weather", &repeating(&challenge, &"0".repeat(64))).await;
    assert_eq!(problem(&wrong), "lightning/invalid-preimage");
}

/// By what its credential says of itself, which picks the words alone.
#[actix_web::test]
async fn a_payment_whose_invoice_has_expired_is_told_so() {
    let shop = shop().await;
    for (expires, kind) in [
        ("2001-01-01T00:00:00Z", "lightning/expired-invoice"),
        ("2999-01-01T00:00:00Z", "lightning/unknown-challenge"),
    ] {
        let json = json!({
            "challenge": { "id": "1", "expires": expires },
            "payload": { "preimage": "0".repeat(64) },
        });
        let payment = format!("Payment {}", URL_SAFE_NO_PAD.encode(json.to_string()));
        let answer = shop.api.ask_with("/weather", &payment).await;
        assert_eq!((answer.status, problem(&answer).as_str()), (402, kind), "{expires}");
    }
}

#[actix_web::test]
async fn a_payment_that_was_made_for_just_this_and_is_refused_hears_403_and_no_price() {
    let shop = shop().await;
    let payment = shop.buy_by_mpp("/weather").await;
    for (fault, kind) in [
        (Fault::json(json!({ "valid": false })), "lightning/unknown-challenge"),
        (Fault::status(400), "lightning/malformed-credential"),
    ] {
        shop.sandbox.fault(fault.on(Endpoint::Verify));
        let (answer, verifies) = shop.present("/weather", &payment).await;
        assert_eq!((answer.status, verifies), (403, 1));
        assert_eq!(problem(&answer), kind);
        assert!(answer.all("www-authenticate").is_empty());
        assert!(answer.json()["message"].as_str().unwrap().contains("Do not pay again"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(shop.present("/weather", &payment).await.0.status, 200);
}

#[actix_web::test]
async fn several_payments_in_one_request_are_answered_400_and_none_is_used_up() {
    let shop = shop().await;
    let payments = [shop.buy_by_mpp("/weather").await, shop.buy_by_mpp("/weather").await];
    let verifies = shop.sandbox.verifies();
    let [one, other] = &payments;
    let request = shop.api.get("/weather").header("Authorization", one);
    let on_two_lines = Answer::to(request.header("Authorization", other)).await;
    let in_one_line = shop.api.ask_with("/weather", &format!("{one}, {other}")).await;
    for answer in [on_two_lines, in_one_line] {
        assert_eq!(answer.status, 400);
        assert_eq!(problem(&answer), "lightning/malformed-credential");
        assert!(answer.all("www-authenticate").is_empty());
    }
    assert_eq!(shop.sandbox.verifies(), verifies);
    for payment in payments {
        assert_eq!(shop.present("/weather", &payment).await.0.status, 200);
    }
}
