//! Requests and payments.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_sandbox::Fault;
use l402_tests::{Answer, PATIENCE};
use reqwest::Method;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time};

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

#[actix_web::test]
async fn a_payment_for_a_scope_counts_though_the_handler_in_it_is_free() {
    let shop = Shop::open().await;
    let credential = shop.buy("/scope/inner-free?free").await;
    assert_eq!(shop.ask_with("/scope/inner-free?free", &credential).await.status, 200);
    assert_eq!(
        shop.grown(),
        [
            "l402_challenges_total{route=\"/scope/inner-free\",reason=\"no_credential\"} 1",
            "l402_paid_requests_total{route=\"/scope/inner-free\"} 1",
            "l402_payment_sats_total{route=\"/scope/inner-free\"} 20",
            "l402_payments_total{route=\"/scope/inner-free\"} 1",
        ]
    );
}

#[actix_web::test]
async fn a_payment_without_a_macaroon_counts_its_sats_too() {
    let shop = Shop::with(1, |config| config.mpp(true)).await;
    let unpaid = shop.ask("/weather/rome").await.json();
    let preimage = shop.sandbox.pay(unpaid["l402"]["invoice"].as_str().unwrap()).unwrap();
    let proof = URL_SAFE_NO_PAD.encode(json!({ "payload": { "preimage": preimage } }).to_string());
    let credential = format!("Payment {proof}");
    assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 200);
    assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 402, "it is used up");
    let of_route = |name| format!("{name}{{route=\"/weather/{{city}}\"}}");
    assert_eq!(shop.figures.by(&of_route("l402_payment_sats_total")), 100);
    assert_eq!(shop.figures.by(&of_route("l402_payments_total")), 1);
    assert_eq!(shop.figures.by(&of_route("l402_paid_requests_total")), 1);
}

#[actix_web::test]
async fn what_the_extractors_refuse_before_money_is_asked_for_is_rejected_by_the_merchant() {
    let shop = Shop::open().await;
    let malformed = shop.api.request(Method::POST, "/order").body("none");
    assert_eq!(Answer::to(malformed).await.status, 400);
    assert_eq!(
        shop.grown(),
        ["l402_rejections_total{route=\"/order\",outcome=\"rejected\",reason=\"by_merchant\"} 1"]
    );
}

#[actix_web::test]
async fn a_client_that_goes_away_while_the_broker_is_asked_is_counted_once() {
    let shop = Shop::open().await;
    shop.sandbox.fault(Fault::hang());
    let mut client = TcpStream::connect(shop.api.address()).await.unwrap();
    client.write_all(b"GET /weather/rome HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    let asked = async {
        while shop.sandbox.mints() == 0 {
            time::sleep(time::Duration::from_millis(20)).await;
        }
    };
    time::timeout(PATIENCE, asked).await.unwrap();
    // Closed by a reset: after an orderly end Actix goes on, as half of a connection is still there.
    client.set_zero_linger().unwrap();
    drop(client);
    let gone = "l402_rejections_total{route=\"/weather/{city}\",outcome=\"abandoned\",\
                reason=\"client_gone\"}";
    let counted = async {
        while shop.figures.by(gone) == 0 {
            time::sleep(time::Duration::from_millis(20)).await;
        }
    };
    time::timeout(PATIENCE, counted).await.unwrap();
    assert_eq!(shop.grown(), [format!("{gone} 1")]);
    let call = "l402_broker_call_seconds_count{endpoint=\"challenges\",outcome=\"abandoned\"}";
    assert_eq!(shop.figures.by(call), 1);
}
