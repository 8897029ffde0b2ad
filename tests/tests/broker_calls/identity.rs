//! Who counts as one client, and what one client may cause.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use actix_web::{http::header::HeaderName, rt};
use l402_actix::{ClientIdentity, L402Config, VerifyCache};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, PATIENCE};

use super::{Shop, garbage, payment_hash, retry_after};

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

async fn limited(identity: ClientIdentity) -> Shop {
    let identity = identity.calls_per_minute(3);
    Shop::with(move |config: L402Config| config.client_identity(identity.clone())).await
}

/// Behind a proxy at 127.0.0.2 and one at 127.0.0.3.
fn proxied() -> ClientIdentity {
    ClientIdentity::behind_proxies(["127.0.0.2", "127.0.0.3/32"], FORWARDED).unwrap()
}

/// Asks from an address with these lines in the header, until the client is over its limit, and
/// says how often that was answered.
async fn until_limited(shop: &Shop, last: u8, lines: impl Fn(usize) -> Vec<String>) -> usize {
    for number in 0..20 {
        let mut request = shop.api.get_from(last, "/weather");
        for line in lines(number) {
            request = request.header(FORWARDED.as_str(), line);
        }
        let answer = Answer::to(request).await;
        if answer.status == 429 {
            retry_after(&answer);
            assert!(answer.all("www-authenticate").is_empty());
            return number;
        }
        assert_eq!(answer.status, 402);
    }
    usize::MAX
}

#[actix_web::test]
async fn one_client_over_its_limit_is_answered_429_and_others_are_not() {
    let shop = limited(ClientIdentity::peer_addr()).await;
    assert_eq!(until_limited(&shop, 7, |_| vec![]).await, 3);
    assert_eq!(shop.sandbox.mints(), 3);
    let garbage = shop.api.get_from(7, "/weather").header("Authorization", garbage(1));
    assert_eq!(Answer::to(garbage).await.status, 429, "mints and unknown credentials count alike");
    assert_eq!(shop.sandbox.verifies(), 0);
    assert_eq!(until_limited(&shop, 8, |_| vec![]).await, 3);
}

#[actix_web::test]
async fn a_clients_own_limit_counts_for_what_it_has_paid_too() {
    let shop = limited(ClientIdentity::peer_addr()).await;
    let challenge = Answer::to(shop.api.get_from(7, "/weather")).await;
    let paid = l402_tests::pay(&shop.sandbox, &challenge.headers);
    let ask_from = |client| {
        let request = shop.api.get_from(client, "/weather").header("Authorization", &paid);
        Answer::to(request)
    };
    assert_eq!(ask_from(7).await.status, 200);
    assert_eq!(until_limited(&shop, 7, |_| vec![]).await, 1);
    assert_eq!(ask_from(7).await.status, 200, "the verdict stands, which costs no call");
    rt::time::sleep(Duration::from_millis(10_100)).await;
    assert_eq!(ask_from(7).await.status, 429);
    assert_eq!(ask_from(8).await.status, 200, "the payment is good");
}

#[actix_web::test]
async fn a_challenge_that_is_held_counts_against_no_limit() {
    let shop = limited(ClientIdentity::peer_addr().reuse_challenges(true)).await;
    assert_eq!(until_limited(&shop, 7, |_| vec![]).await, usize::MAX);
    assert_eq!(shop.sandbox.mints(), 1);
}

#[actix_web::test]
async fn a_spoofed_header_changes_nothing() {
    // Read by nobody.
    let shop = limited(ClientIdentity::peer_addr()).await;
    assert_eq!(until_limited(&shop, 7, |number| vec![format!("192.0.2.{number}")]).await, 3);
    // Written by somebody who is no proxy.
    let shop = limited(proxied()).await;
    assert_eq!(until_limited(&shop, 7, |number| vec![format!("192.0.2.{number}")]).await, 3);
    // In front of what the proxies have written, in the same line, and in one of its own.
    let spoofs = [
        |number| vec![format!("192.0.2.{number}, 203.0.113.1")],
        |number| vec![format!("192.0.2.{number}"), "203.0.113.2:4711, 127.0.0.3".to_owned()],
        |number| vec![format!("garbage-{number}, 203.0.113.3")],
        |number| vec![format!("127.0.0.3, 192.0.2.{number}"), "[2001:db8::1]:80".to_owned()],
        // A neighbour in the same /64.
        |number| vec![format!("2001:db8:0:1::{number}")],
    ];
    let shop = limited(proxied()).await;
    for spoof in spoofs {
        assert_eq!(until_limited(&shop, 2, spoof).await, 3);
    }
}

#[actix_web::test]
async fn behind_the_proxies_each_client_counts_for_itself() {
    let shop = limited(proxied()).await;
    for client in ["203.0.113.1", "203.0.113.2", "2001:db8:0:1::1", "2001:db8:0:2::1"] {
        assert_eq!(until_limited(&shop, 3, |_| vec![client.to_owned()]).await, 3, "{client}");
    }
}

#[actix_web::test]
async fn a_header_that_cannot_be_read_means_the_peers_address() {
    let shop = limited(proxied()).await;
    let lines = |number: usize| match number % 4 {
        0 => vec!["unknown".to_owned()],
        1 => vec![],
        2 => vec!["203.0.113.9, _hidden, 127.0.0.3".to_owned()],
        _ => vec!["127.0.0.2, 127.0.0.3".to_owned()],
    };
    assert_eq!(until_limited(&shop, 2, lines).await, 3);
}

/// Neighbours in a /64 share a limit, but never an invoice.
#[actix_web::test]
async fn an_ipv6_neighbour_is_never_handed_the_others_invoice() {
    let identity = proxied().reuse_challenges(true);
    let shop = Shop::with(move |config: L402Config| config.client_identity(identity.clone())).await;
    let ask = |client: &str| {
        Answer::to(shop.api.get_from(2, "/weather").header(FORWARDED.as_str(), client))
    };
    let one = payment_hash(&ask("2001:db8::1").await);
    assert_eq!(one, payment_hash(&ask("2001:DB8:0::1").await));
    assert_ne!(one, payment_hash(&ask("2001:db8::2").await));
}

#[actix_web::test]
async fn a_function_may_tell_clients_apart_and_may_pass() {
    let by_query = || {
        ClientIdentity::custom(|request| {
            Some(request.query_string().to_owned()).filter(|query| !query.is_empty())
        })
    };
    let shop = limited(by_query().reuse_challenges(true)).await;
    let one = payment_hash(&shop.api.ask("/weather?one").await);
    assert_eq!(one, payment_hash(&shop.api.ask("/weather?one").await));
    assert_ne!(one, payment_hash(&shop.api.ask("/weather?two").await));
    let mut nobody = Vec::new();
    for _ in 0..5 {
        nobody.push(payment_hash(&shop.api.ask("/weather").await));
    }
    nobody.dedup();
    assert_eq!(nobody.len(), 5, "nobody is given anybody's challenge, and has no limit");
}

#[actix_web::test]
async fn nobody_is_identified_whose_verdict_stands() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let identity = ClientIdentity::custom(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        None
    });
    let shop = Shop::with(move |config: L402Config| config.client_identity(identity.clone())).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    assert_eq!(asked.swap(0, Ordering::SeqCst), 2, "at most once for each request");
    for _ in 0..5 {
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// A mint and a verification that can be shared, and a client that may cause both.
fn sharing(config: L402Config, identity: ClientIdentity) -> L402Config {
    let identity = identity.reuse_challenges(true).calls_per_minute(30);
    config.verify_cache(VerifyCache::new()).client_identity(identity)
}

#[actix_web::test]
async fn a_client_is_identified_once_in_each_request() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let identity = ClientIdentity::custom(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Some("somebody".to_owned())
    });
    let shop = Shop::with(move |config| sharing(config, identity.clone())).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // Another's token: a verification, a diagnosis, and a challenge of its own.
    assert_eq!(shop.api.ask_with("/dear", &paid).await.status, 402);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[actix_web::test]
async fn a_function_that_panics_fails_its_own_request_and_nobody_elses() {
    let identity = ClientIdentity::custom(|request| {
        assert_ne!(request.query_string(), "panic", "a function that panics, on purpose");
        Some("somebody".to_owned())
    });
    let shop = Shop::with(move |config| sharing(config, identity.clone())).await;
    let paid = shop.buy("/weather").await;
    for credential in [None, Some(paid.as_str()), Some(&garbage(1))] {
        let ask = |path| match credential {
            Some(credential) => shop.api.get(path).header("Authorization", credential),
            None => shop.api.get(path),
        };
        let panicked = Answer::try_to(ask("/weather?panic")).await;
        assert!(panicked.is_err(), "{panicked:?}");
        let expected = match credential {
            None => 402,
            Some(credential) if credential == paid => 200,
            Some(_) => 401,
        };
        assert_eq!(Answer::to(ask("/weather")).await.status, expected);
    }
}

/// Such as one that asks this very API something, or a slow one.
#[actix_web::test]
async fn a_function_that_waits_for_another_request_does_not_hold_that_one_up() {
    for (credential, expected) in [(None, 402), (Some(garbage(1)), 401)] {
        let (entered, inside) = mpsc::channel();
        let (answered, other) = mpsc::channel();
        let other = Mutex::new(other);
        let identity = ClientIdentity::custom(move |request| {
            if request.query_string() == "wait" {
                entered.send(()).unwrap();
                other.lock().unwrap().recv_timeout(PATIENCE / 4).unwrap();
            }
            Some(request.query_string().to_owned())
        });
        let sandbox = Sandbox::start().await;
        let config = sharing(L402Config::new(sandbox.client()), identity);
        // The request that waits takes a worker with it; connections go to them in turn.
        let api = Api::serve_on(2, move |app| {
            app.app_data(config.clone()).configure(super::routes);
        })
        .await;
        let paid = api.buy("/weather", &sandbox).await;
        let ask = |path, credential: Option<&str>| match credential {
            Some(credential) => api.get_from(1, path).header("Authorization", credential),
            None => api.get_from(1, path),
        };
        let waiting = rt::spawn(Answer::try_to(ask("/weather?wait", credential.as_deref())));
        while inside.try_recv().is_err() {
            rt::time::sleep(Duration::from_millis(5)).await;
        }
        let (with, status) = if credential.is_some() { (Some(&*paid), 200) } else { (None, 402) };
        assert_eq!(Answer::to(ask("/weather", with)).await.status, status);
        answered.send(()).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap().status, expected);
    }
}

#[actix_web::test]
async fn a_text_that_is_no_network_is_refused() {
    for text in ["", "proxy", "10.0.0.0/33", "10.0.0", "::/129"] {
        let err = ClientIdentity::behind_proxies([text], FORWARDED).unwrap_err();
        assert!(err.to_string().contains("is no network"), "{err}");
    }
    assert!(ClientIdentity::behind_proxies(["10.0.0.0/8", "::1", "fd00::/8"], FORWARDED).is_ok());
}
