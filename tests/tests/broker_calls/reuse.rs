//! A client that asks again is given the challenge that it holds.

use std::time::Duration;

use l402_actix::{ClientIdentity, L402Config};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Answer;

use super::{Shop, crowd, payment_hash};

pub(crate) fn reusing(config: L402Config) -> L402Config {
    config.client_identity(ClientIdentity::peer_addr().reuse_challenges(true))
}

#[actix_web::test]
async fn without_reuse_each_unpaid_request_is_a_mint() {
    for identity in [None, Some(ClientIdentity::peer_addr())] {
        let shop = Shop::with(move |config: L402Config| match &identity {
            Some(identity) => config.client_identity(identity.clone()),
            None => config,
        })
        .await;
        let first = payment_hash(&shop.api.ask("/weather").await);
        assert_ne!(first, payment_hash(&shop.api.ask("/weather").await));
        assert_eq!(shop.sandbox.mints(), 2);
    }
}

#[actix_web::test]
async fn a_client_that_asks_again_is_given_the_challenge_that_it_holds() {
    let shop = Shop::with(reusing).await;
    let first = shop.api.ask("/weather").await;
    for _ in 0..20 {
        let again = shop.api.ask("/weather").await;
        assert_eq!(again.header("www-authenticate"), first.header("www-authenticate"));
        assert_eq!(again.body, first.body);
    }
    assert_eq!(shop.sandbox.mints(), 1);
    let paid = l402_tests::pay(&shop.sandbox, &first.headers);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

#[actix_web::test]
async fn a_client_that_asks_many_times_at_once_is_one_mint() {
    let shop = Shop::with(reusing).await;
    shop.sandbox.fault(Fault::delay(Duration::from_millis(1500)).on(Endpoint::Mint));
    let answers = crowd(&shop.api, "/weather", None, 50).await;
    let first = payment_hash(&answers[0]);
    assert!(answers.iter().all(|answer| payment_hash(answer) == first));
    assert_eq!(shop.sandbox.mints(), 1);
}

#[actix_web::test]
async fn another_resource_price_or_description_is_another_challenge() {
    let shop = Shop::with(reusing).await;
    shop.price(100);
    let mut hashes = Vec::new();
    // `/weather` and `/described` have the same resource and price.
    for path in ["/weather", "/described", "/dear", "/floating"] {
        hashes.push(payment_hash(&shop.api.ask(path).await));
    }
    shop.price(101);
    hashes.push(payment_hash(&shop.api.ask("/floating").await));
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 5);
    assert_eq!(payment_hash(&shop.api.ask("/floating?again").await).len(), 64);
    assert_eq!(shop.sandbox.mints(), 5);
}

#[actix_web::test]
async fn another_client_is_given_another_challenge() {
    let shop = Shop::with(reusing).await;
    let mut hashes = Vec::new();
    for last in 2..12 {
        for _ in 0..2 {
            hashes.push(payment_hash(&Answer::to(shop.api.get_from(last, "/weather")).await));
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 10);
    assert_eq!(shop.sandbox.mints(), 10);
}

/// A session behind the same address has its own key, and so its own challenge.
#[actix_web::test]
async fn a_merchants_idempotency_key_keeps_challenges_apart() {
    let shop = Shop::with(|config| {
        reusing(config).idempotency_key_with(|request| Some(request.query_string().to_owned()))
    })
    .await;
    let one = payment_hash(&shop.api.ask("/weather?one").await);
    assert_ne!(one, payment_hash(&shop.api.ask("/weather?two").await));
    assert_eq!(one, payment_hash(&shop.api.ask("/weather?one").await));
    assert_eq!(shop.sandbox.mints(), 2);
}

#[actix_web::test]
async fn a_failed_mint_is_shared_and_not_held() {
    let shop = Shop::with(reusing).await;
    shop.sandbox.fault(Fault::status(500).on(Endpoint::Mint));
    assert_eq!(shop.api.ask("/weather").await.status, 502);
    assert_eq!(shop.api.ask("/weather").await.status, 402);
    assert_eq!(shop.sandbox.mints(), 2);
}

#[actix_web::test]
async fn a_challenge_that_cannot_be_sent_is_answered_502_once_and_never_held() {
    let shop = Shop::with(reusing).await;
    for (number, (field, value)) in [
        ("macaroon", "a\"b"),
        ("macaroon", "a\r\nb"),
        // Nobody could present it: a credential ends at a comma, its macaroon at a colon.
        ("macaroon", "a,b"),
        ("macaroon", "a:b"),
        ("invoice", "a\\b"),
        ("invoice", "caf\u{e9}"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/any/{number}");
        let edit = Fault::edit(move |reply| reply[field] = value.into()).on(Endpoint::Mint);
        shop.sandbox.fault(edit);
        let refused = shop.api.ask(&path).await;
        assert_eq!(refused.status, 502, "{field} {value}");
        assert!(refused.all("www-authenticate").is_empty(), "{field} {value}");
        let good = shop.buy(&path).await;
        assert_eq!(shop.api.ask_with(&path, &good).await.status, 200, "{field} {value}");
    }
}

#[actix_web::test]
async fn those_who_share_a_mint_that_cannot_be_sent_ask_for_their_own() {
    let shop = Shop::with(reusing).await;
    shop.sandbox.fault(Fault::edit(|reply| reply["macaroon"] = "a\"b".into()).on(Endpoint::Mint));
    let answers = crowd(&shop.api, "/weather", None, 5).await;
    let refused = answers.iter().filter(|answer| answer.status == 502).count();
    assert_eq!(refused, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [402, 502].contains(&answer.status)));
}

#[actix_web::test]
async fn an_invoice_with_too_little_time_left_is_not_handed_out_again() {
    let sandbox = Sandbox::builder().invoice_lifetime(Duration::from_secs(110));
    let shop = Shop::on(sandbox.start().await.unwrap(), reusing).await;
    let first = payment_hash(&shop.api.ask("/weather").await);
    assert_ne!(first, payment_hash(&shop.api.ask("/weather").await));
    // Nor is it shared by those who ask at once.
    shop.sandbox.fault(Fault::delay(Duration::from_millis(700)).on(Endpoint::Mint));
    let answers = crowd(&shop.api, "/weather", None, 5).await;
    let mut hashes: Vec<_> = answers.iter().map(payment_hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 5);
}

#[actix_web::test]
async fn an_invoice_is_handed_out_until_it_nears_its_expiry() {
    let sandbox = Sandbox::builder().invoice_lifetime(Duration::from_secs(123));
    let shop = Shop::on(sandbox.start().await.unwrap(), reusing).await;
    let first = payment_hash(&shop.api.ask("/weather").await);
    actix_web::rt::time::sleep(Duration::from_secs(4)).await;
    assert_ne!(first, payment_hash(&shop.api.ask("/weather").await));
}

#[actix_web::test]
async fn an_expiry_that_cannot_be_read_ends_reuse_and_nothing_else() {
    let shop = Shop::with(reusing).await;
    let edit = Fault::edit(|reply| reply["expiresAt"] = "soon".into()).on(Endpoint::Mint).always();
    shop.sandbox.fault(edit);
    let first = payment_hash(&shop.api.ask("/weather").await);
    assert_ne!(first, payment_hash(&shop.api.ask("/weather").await));
}
