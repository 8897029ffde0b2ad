//! Requests and payments.

use l402_sandbox::Fault;
use l402_tests::Answer;

use super::Shop;

#[actix_web::test]
async fn a_token_that_is_used_five_times_is_one_payment_and_five_paid_requests() {
    let shop = Shop::with(3, |config| config).await;
    let credential = shop.buy("/weather/rome").await;
    // Over connections of their own, so that each of the workers serves some.
    for last in 1..=5 {
        let request = shop.api.get_from(last, "/weather/rome");
        let answer = Answer::to(request.header("Authorization", &credential)).await;
        assert_eq!(answer.status, 200);
    }
    let of_route = [
        "l402_challenges_total{route=\"/weather/{city}\",reason=\"no_credential\"} 1",
        "l402_paid_requests_total{route=\"/weather/{city}\"} 5",
        "l402_payment_sats_total{route=\"/weather/{city}\"} 100",
        "l402_payments_total{route=\"/weather/{city}\"} 1",
    ];
    assert_eq!(shop.grown(), of_route);

    let again = shop.buy("/weather/rome").await;
    assert_eq!(shop.ask_with("/weather/rome", &again).await.status, 200);
    assert_eq!(shop.figures.by("l402_payment_sats_total{route=\"/weather/{city}\"}"), 200);
}

#[actix_web::test]
async fn an_invoice_that_nobody_pays_and_a_token_that_is_refused_are_no_payments() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather/rome").await;
    assert_eq!(shop.ask_with("/weather/paris", &credential).await.status, 402);
    assert_eq!(shop.ask_with("/weather/rome", "L402 Zm9yZ2Vk:00").await.status, 401);
    assert_eq!(
        shop.grown(),
        [
            "l402_challenges_total{route=\"/weather/{city}\",reason=\"no_credential\"} 1",
            "l402_challenges_total{route=\"/weather/{city}\",reason=\"not_covered\"} 1",
            "l402_rejections_total{route=\"/weather/{city}\",outcome=\"rejected\",\
             reason=\"invalid_token\"} 1",
        ]
    );
}

#[actix_web::test]
async fn what_is_free_what_is_refused_and_what_fails_are_told_apart() {
    let shop = Shop::open().await;
    assert_eq!(shop.ask("/priced?free").await.status, 200);
    assert_eq!(shop.ask("/priced?gone").await.status, 410);
    shop.sandbox.fault(Fault::status(401));
    assert_eq!(shop.ask("/priced").await.status, 502);
    assert_eq!(
        shop.grown(),
        [
            "l402_free_requests_total{route=\"/priced\"} 1",
            "l402_rejections_total{route=\"/priced\",outcome=\"broker_error\",\
             reason=\"key_refused\"} 1",
            "l402_rejections_total{route=\"/priced\",outcome=\"rejected\",reason=\"by_merchant\"} 1",
        ]
    );
}

#[actix_web::test]
async fn a_token_for_one_use_is_one_payment_and_one_paid_request() {
    let shop = Shop::open().await;
    let credential = shop.buy("/once").await;
    assert_eq!(shop.ask_with("/once", &credential).await.status, 200);
    assert_eq!(shop.ask_with("/once", &credential).await.status, 402);
    assert_eq!(
        shop.grown(),
        [
            "l402_challenges_total{route=\"/once\",reason=\"no_credential\"} 1",
            "l402_challenges_total{route=\"/once\",reason=\"spent\"} 1",
            "l402_paid_requests_total{route=\"/once\"} 1",
            "l402_payment_sats_total{route=\"/once\"} 10",
            "l402_payments_total{route=\"/once\"} 1",
        ]
    );
}

#[actix_web::test]
async fn a_request_through_two_gates_counts_once() {
    let shop = Shop::open().await;
    let credential = shop.buy("/scope/inner").await;
    for _ in 0..2 {
        assert_eq!(shop.ask_with("/scope/inner", &credential).await.status, 200);
    }
    assert_eq!(
        shop.grown(),
        [
            "l402_challenges_total{route=\"/scope/inner\",reason=\"no_credential\"} 1",
            "l402_paid_requests_total{route=\"/scope/inner\"} 2",
            "l402_payment_sats_total{route=\"/scope/inner\"} 20",
            "l402_payments_total{route=\"/scope/inner\"} 1",
        ]
    );
}
