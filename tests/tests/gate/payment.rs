//! What the handler learns of a payment.

use actix_web::{Responder, get};
use l402_actix::Payment;
use l402_tests::Api;

use super::Shop;

#[get("/plain")]
async fn plain(payment: Payment) -> String {
    payment.resource
}

#[get("/optional")]
async fn optional(payment: Option<Payment>) -> impl Responder {
    if payment.is_some() { "paid" } else { "not paid" }
}

#[actix_web::test]
async fn the_handler_gets_the_verified_facts() {
    let shop = Shop::open().await;
    let answer = shop.api.ask("/forecast/berlin").await;
    let hash = answer.json()["l402"]["payment_hash"].as_str().unwrap().to_owned();
    let credential = l402_tests::pay(&shop.sandbox, &answer.headers);
    let answer = shop.api.ask_with("/forecast/berlin", &credential).await;
    assert_eq!(answer.status, 200);
    let facts = answer.body.strip_prefix("berlin /forecast/berlin 250 Some(").unwrap();
    assert!(facts.ends_with(&format!(" Some(\"{hash}\")")), "{facts}");
}

#[actix_web::test]
async fn a_handler_that_is_not_gated_has_no_payment() {
    let api = Api::serve(|app| {
        app.service(plain).service(optional);
    })
    .await;
    let answer = api.ask("/plain").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("gated"), "opaque: {}", answer.body);
    assert_eq!(api.ask("/optional").await.body, "not paid");
}

#[actix_web::test]
async fn a_handlers_own_failure_is_passed_on_and_burns_no_token() {
    let shop = Shop::open().await;
    let credential = shop.buy("/fails").await;
    for _ in 0..2 {
        let answer = shop.api.ask_with("/fails", &credential).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, "the handler's own failure"));
    }
    assert_eq!((shop.calls.so_far(), shop.sandbox.payments()), (2, 1));
}

#[test]
fn a_payment_for_tests_carries_what_it_is_given() {
    let payment = Payment::for_tests("/weather", 100);
    assert_eq!((payment.resource.as_str(), payment.amount_sats), ("/weather", 100));
    assert_eq!((payment.merchant_id, payment.payment_hash), (None, None));
}
