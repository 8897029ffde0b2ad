//! The merchant is told of payments.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use l402_actix::{Payment, Route, VerifyCache};
use l402_sandbox::{Endpoint, Fault, Sandbox, append_caveat};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{L402Config, Shop, halves, mpp::pay_by_mpp};

type Told = (Payment, Route);

async fn shop() -> (Shop, Receiver<Told>) {
    let (told, book) = channel();
    let settings = move |config: L402Config| {
        let told = Sender::clone(&told);
        config.mpp(true).on_payment(move |payment, route| {
            let told = told.clone();
            async move { told.send((payment, route)).unwrap_or_default() }
        })
    };
    (Shop::with(Sandbox::start().await, settings).await, book)
}

fn next(book: &Receiver<Told>) -> Told {
    book.recv_timeout(Duration::from_secs(10)).expect("told")
}

fn nothing_more(book: &Receiver<Told>) {
    let more = book.recv_timeout(Duration::from_millis(200));
    assert_eq!(more.err(), Some(RecvTimeoutError::Timeout));
}

#[actix_web::test]
async fn a_payment_is_told_once_by_the_first_yes_with_its_hash_price_and_route() {
    let (shop, book) = shop().await;
    let challenge = shop.api.ask("/forecast/berlin").await;
    let token = l402_tests::pay(&shop.sandbox, &challenge.headers);
    shop.sandbox.fault(Fault::status(503).on(Endpoint::Verify));
    shop.sandbox.fault(Fault::json(json!({ "valid": false })).on(Endpoint::Verify));
    for status in [503, 401] {
        assert_eq!(shop.api.ask_with("/forecast/berlin", &token).await.status, status);
    }
    nothing_more(&book);
    actix_web::rt::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..3 {
        assert_eq!(shop.api.ask_with("/forecast/berlin", &token).await.status, 200);
    }
    let (payment, route) = next(&book);
    assert_eq!(payment.payment_hash.as_deref(), challenge.json()["paymentHash"].as_str());
    assert_eq!((payment.resource.as_str(), route.price_sats), ("/forecast/berlin", 250));
    assert_eq!(route.pattern, "/forecast/{city}");
    nothing_more(&book);
}

#[actix_web::test]
async fn an_mpp_payment_is_told_too_and_a_payer_makes_no_price_larger() {
    let (shop, book) = shop().await;
    let challenge = shop.api.ask("/weather").await;
    let payment = pay_by_mpp(&shop.sandbox, &challenge);
    assert_eq!(shop.api.ask_with("/weather", &payment).await.status, 200);
    let (payment, route) = next(&book);
    assert_eq!(payment.payment_hash.as_deref(), challenge.json()["paymentHash"].as_str());
    assert_eq!(route.price_sats, 100);

    let token = shop.buy("/weather").await;
    let (macaroon, preimage) = halves(&token);
    let enlarged = append_caveat(macaroon, "amount_sats=100000").unwrap();
    shop.api.ask_with("/weather", &format!("L402 {enlarged}:{preimage}")).await;
    assert_eq!(shop.api.ask_with("/weather", &token).await.status, 200);
    assert_eq!(next(&book).1.price_sats, 100);
}

/// The broker has taken it, so it belongs into the books.
#[actix_web::test]
async fn an_mpp_payment_is_told_also_when_its_payer_has_left_and_does_not_come_again() {
    let (shop, book) = shop().await;
    let challenge = shop.api.ask("/weather").await;
    let payment = pay_by_mpp(&shop.sandbox, &challenge);
    shop.sandbox.fault(Fault::late(Duration::from_secs(1)).on(Endpoint::Verify));
    let mut stream = TcpStream::connect(shop.api.address()).await.unwrap();
    let request = format!("GET /weather HTTP/1.1\r\nhost: a\r\nauthorization: {payment}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    while shop.sandbox.verifies() == 0 {
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    stream.set_zero_linger().unwrap();
    drop(stream);
    let (told, route) = actix_web::rt::task::spawn_blocking(move || {
        let told = next(&book);
        nothing_more(&book);
        told
    })
    .await
    .unwrap();
    assert_eq!(told.payment_hash.as_deref(), challenge.json()["paymentHash"].as_str());
    assert_eq!((route.pattern.as_str(), route.price_sats), ("/weather", 100));
    assert_eq!(shop.calls.so_far(), 0);
}

/// A handler's failure is no reason to keep a payment out of the books.
#[actix_web::test]
async fn it_is_told_whatever_the_handler_then_answers() {
    let (shop, book) = shop().await;
    let token = shop.buy("/fails").await;
    assert_eq!(shop.api.ask_with("/fails", &token).await.status, 500);
    assert_eq!(next(&book).1.pattern, "/fails");
}

#[actix_web::test]
async fn its_panic_and_its_slowness_are_its_own() {
    let settings = |config: L402Config| {
        config.verify_cache(VerifyCache::off()).on_payment(|_, route: Route| async move {
            // Blocks its thread, as a database driver does.
            std::thread::sleep(Duration::from_secs(2));
            assert_ne!(route.price_sats, 100, "the books are on fire");
        })
    };
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let begun = Instant::now();
    for _ in 0..3 {
        let token = shop.buy("/weather").await;
        assert_eq!(shop.api.ask_with("/weather", &token).await.status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());

    let is_told = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_told);
    let settings = move |config: L402Config| {
        let flag = Arc::clone(&flag);
        config.on_payment(move |_, _| {
            flag.store(true, Ordering::SeqCst);
            async {}
        })
    };
    let other = Shop::with(Sandbox::start().await, settings).await;
    let token = other.buy("/weather").await;
    assert_eq!(other.api.ask_with("/weather", &token).await.status, 200);
    while !is_told.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < Duration::from_secs(60), "told after three panics");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}
