//! Where the reuse of a challenge ends: nobody is handed an invoice that is known to be paid.

use std::time::Duration;

use actix_web::{HttpRequest, rt, web};
use l402_actix::{ClientIdentity, L402Config, OnInvalidToken};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, pay};

use super::{Shop, garbage, payment_hash, reuse::reusing, weather};

#[actix_web::test]
async fn a_client_that_pays_per_call_is_never_handed_a_paid_invoice() {
    let shop = Shop::with(reusing).await;
    for round in 1..=10 {
        let challenge = shop.api.ask("/weather").await;
        // Pays, or the sandbox says that the invoice is paid.
        let paid = pay(&shop.sandbox, &challenge.headers);
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
        assert_eq!(shop.sandbox.payments(), round);
    }
}

/// The second request asks while the first one's credential is being verified.
#[actix_web::test]
async fn a_presented_credential_ends_reuse_before_the_broker_has_answered() {
    let shop = Shop::with(reusing).await;
    let challenge = shop.api.ask("/weather").await;
    let paid = pay(&shop.sandbox, &challenge.headers);
    shop.sandbox.fault(Fault::delay(Duration::from_millis(1500)).on(Endpoint::Verify));
    let presenting = rt::spawn(Answer::to(shop.api.get("/weather").header("Authorization", &paid)));
    while shop.sandbox.verifies() == 0 {
        rt::time::sleep(Duration::from_millis(10)).await;
    }
    let other = shop.api.ask("/weather").await;
    assert_ne!(payment_hash(&other), payment_hash(&challenge));
    assert!(shop.sandbox.pay_challenge(&other.headers).is_ok(), "it can be paid");
    assert_eq!(presenting.await.unwrap().status, 200);
}

#[actix_web::test]
async fn a_presented_credential_ends_reuse_also_if_the_broker_fails() {
    let shop = Shop::with(reusing).await;
    let challenge = shop.api.ask("/weather").await;
    let paid = pay(&shop.sandbox, &challenge.headers);
    shop.sandbox.fault(Fault::status(500).on(Endpoint::Verify));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 502);
    assert_ne!(payment_hash(&shop.api.ask("/weather").await), payment_hash(&challenge));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

/// It was bought at home and is used on the road; whoever has the old address now must not be
/// handed its invoice.
#[actix_web::test]
async fn a_client_whose_address_changes_keeps_its_token_and_leaves_no_challenge_behind() {
    let shop = Shop::with(reusing).await;
    let challenge = Answer::to(shop.api.get_from(7, "/weather")).await;
    let paid = pay(&shop.sandbox, &challenge.headers);
    let elsewhere = shop.api.get_from(8, "/weather").header("Authorization", &paid);
    assert_eq!(Answer::to(elsewhere).await.status, 200);
    let next = Answer::to(shop.api.get_from(7, "/weather")).await;
    assert_ne!(payment_hash(&next), payment_hash(&challenge));
}

#[actix_web::test]
async fn a_credential_that_did_not_pay_for_it_ends_nobody_elses_reuse() {
    let shop = Shop::with(reusing).await;
    let held = payment_hash(&Answer::to(shop.api.get_from(7, "/weather")).await);
    for number in 0..5 {
        let forged = shop.api.get_from(8, "/weather").header("Authorization", garbage(number));
        assert_eq!(Answer::to(forged).await.status, 401);
    }
    assert_eq!(payment_hash(&Answer::to(shop.api.get_from(7, "/weather")).await), held);
}

#[actix_web::test]
async fn after_a_refused_token_the_challenge_is_a_new_one() {
    for answer in
        [OnInvalidToken::Diagnose, OnInvalidToken::Unauthorized, OnInvalidToken::Rechallenge]
    {
        let settings = answer.clone();
        let shop = Shop::with(move |config: L402Config| {
            reusing(config).on_invalid_token(settings.clone())
        })
        .await;
        let held = payment_hash(&shop.api.ask("/weather").await);
        let refused = shop.api.ask_with("/weather", &garbage(1)).await;
        if refused.status == 402 {
            assert_ne!(payment_hash(&refused), held, "{answer:?}");
        } else {
            assert_eq!(refused.status, 401);
        }
        let next = payment_hash(&shop.api.ask("/weather").await);
        assert_ne!(next, held, "{answer:?}");
        assert_eq!(next, payment_hash(&shop.api.ask("/weather").await), "{answer:?}");
    }
}

#[actix_web::test]
async fn after_a_token_that_the_broker_cannot_read_the_challenge_is_a_new_one() {
    let shop = Shop::with(reusing).await;
    let held = payment_hash(&shop.api.ask("/weather").await);
    shop.sandbox.fault(Fault::status(400).on(Endpoint::Verify));
    assert_eq!(shop.api.ask_with("/weather", &garbage(1)).await.status, 401);
    assert_ne!(payment_hash(&shop.api.ask("/weather").await), held);
}

#[actix_web::test]
async fn after_a_token_for_something_else_the_challenge_is_a_new_one_each_time() {
    let shop = Shop::with(reusing).await;
    let sibling = shop.buy("/dear").await;
    let held = payment_hash(&shop.api.ask("/weather").await);
    let mut hashes = vec![held];
    for _ in 0..3 {
        hashes.push(payment_hash(&shop.api.ask_with("/weather", &sibling).await));
    }
    hashes.push(payment_hash(&shop.api.ask("/weather").await));
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 5);
}

#[actix_web::test]
async fn after_a_spent_token_the_challenge_is_a_new_one() {
    let shop = Shop::with(reusing).await;
    let challenge = shop.api.ask("/once/thing").await;
    let paid = pay(&shop.sandbox, &challenge.headers);
    assert_eq!(shop.api.ask_with("/once/thing", &paid).await.status, 200);
    let mut hashes = vec![payment_hash(&challenge)];
    hashes.push(payment_hash(&shop.api.ask("/once/thing").await));
    hashes.push(payment_hash(&shop.api.ask_with("/once/thing", &paid).await));
    hashes.push(payment_hash(&shop.api.ask("/once/thing").await));
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 4);
}

/// Two configs of one account that sell the same: the one that reuses challenges learns of a
/// payment that the other sees.
#[actix_web::test]
async fn a_payment_that_is_presented_to_a_config_without_reuse_ends_it_for_the_other() {
    let sandbox = Sandbox::start().await;
    let plain =
        L402Config::new(sandbox.client()).resource_with(|_: &HttpRequest| "music".to_owned());
    let reusing = plain.clone().client_identity(ClientIdentity::peer_addr().reuse_challenges(true));
    let api = Api::serve(move |app| {
        let reusing = web::scope("/reusing").app_data(reusing.clone()).service(weather);
        app.service(reusing).service(web::scope("").app_data(plain.clone()).service(weather));
    })
    .await;
    let token = api.buy("/reusing/weather", &sandbox).await;
    assert_eq!(api.ask_with("/weather", &token).await.status, 200);
    let next = api.buy("/reusing/weather", &sandbox).await;
    assert_eq!(api.ask_with("/reusing/weather", &next).await.status, 200);
}

/// The merchant's key brings back the invoice that it was minted with, until that expires.
#[actix_web::test]
async fn who_pays_per_call_is_handed_no_paid_invoice_by_the_merchants_idempotency_key() {
    for reuse in [false, true] {
        let identity = ClientIdentity::peer_addr().reuse_challenges(reuse);
        let shop = Shop::with(|config| {
            config
                .client_identity(identity.clone())
                .idempotency_key_with(|_| Some("the same for all".to_owned()))
        })
        .await;
        for path in ["/once/a", "/weather"] {
            for _ in 0..3 {
                let token = shop.buy(path).await;
                assert_eq!(shop.api.ask_with(path, &token).await.status, 200, "{path} {reuse}");
            }
        }
    }
}
