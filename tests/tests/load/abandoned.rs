//! Those who ask and do not wait.

use std::time::Duration;

use l402_tests::process;

use super::{ASK, PATIENCE, Shop};

const FORGED: &str = "GET /paid HTTP/1.1\r\nHost: localhost\r\nAuthorization: L402 AgEL:00\r\n\r\n";

#[actix_web::test]
async fn a_request_that_is_abandoned_while_the_gate_waits_leaves_nothing_behind() {
    let shop = Shop::open(PATIENCE).await;
    for head in [ASK, FORGED] {
        shop.hold_up(true);
        let mut streams = Vec::new();
        for _ in 0..200 {
            streams.push(shop.begin(head).await);
        }
        shop.until("all of them wait", |shop| shop.in_flight.now() == 200).await;
        drop(streams);
        assert_eq!(shop.api.ask("/free").await.status, 200);
        shop.hold_up(false);
        shop.until_nothing_is_left().await;
    }
    assert_eq!(shop.api.ask("/paid").await.status, 402, "and the next one is served");
}

/// Without the broker's help: the deadline alone ends what nobody waits for.
#[actix_web::test]
async fn what_was_abandoned_ends_at_the_deadline_although_the_broker_never_answers() {
    let shop = Shop::open(Duration::from_secs(3)).await;
    let before = process::memory_kib("self").unwrap();
    shop.hold_up(true);
    for _ in 0..3 {
        let mut streams = Vec::new();
        for _ in 0..200 {
            streams.push(shop.begin(ASK).await);
        }
        drop(streams);
        shop.until_nothing_is_left().await;
    }
    let after = process::memory_kib("self").unwrap();
    assert!(after < before + 32 * 1024, "{before} KiB, then {after} KiB");
    shop.hold_up(false);
    assert_eq!(shop.api.ask("/paid").await.status, 402);
}

/// A payment is not lost with the connection: the token is good for the next one.
#[actix_web::test]
async fn a_token_whose_request_was_abandoned_opens_the_route_afterwards() {
    let shop = Shop::open(PATIENCE).await;
    let credential = shop.api.buy("/paid", &shop.sandbox).await;
    shop.hold_up(true);
    let head =
        format!("GET /paid HTTP/1.1\r\nHost: localhost\r\nAuthorization: {credential}\r\n\r\n");
    // The connection that was used to buy may still be open; its calls are not held up.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let stream = shop.begin(&head).await;
    shop.until("it waits", |shop| shop.in_flight.now() == 1).await;
    drop(stream);
    shop.hold_up(false);
    assert_eq!(shop.api.ask_with("/paid", &credential).await.body, "paid");
    shop.until_nothing_is_left().await;
}
