//! Many who ask the same at the same time share one call, for better or worse.

use std::{thread, time::Duration};

use actix_web::rt;
use l402_actix::{L402Client, L402Config, VerifyCache};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::Answer;

use super::{Shop, cache::shop, crowd};

/// A verification that takes long enough for everybody to join, and not so long that somebody asks
/// anew.
fn slow() -> Fault {
    Fault::delay(Duration::from_millis(800)).on(Endpoint::Verify)
}

#[actix_web::test]
async fn a_hundred_first_calls_with_one_token_are_one_call_of_the_broker() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(slow());
    let answers = crowd(&shop.api, "/weather", Some(&paid), 100).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(shop.sandbox.verifies(), 1);
}

#[actix_web::test]
async fn a_failed_call_fails_all_who_share_it_and_is_not_kept() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    // On the sandbox's thread, so that nothing else of it moves meanwhile.
    shop.sandbox.fault(
        Fault::edit(|reply| {
            thread::sleep(Duration::from_millis(800));
            reply["valid"] = "perhaps".into();
        })
        .on(Endpoint::Verify),
    );
    let answers = crowd(&shop.api, "/weather", Some(&paid), 20).await;
    assert!(answers.iter().all(|answer| answer.status == 502));
    assert_eq!(shop.sandbox.verifies(), 1);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    assert_eq!(shop.sandbox.verifies(), 2);
}

#[actix_web::test]
async fn a_broker_that_hangs_is_asked_once_and_everybody_is_told_in_time() {
    let sandbox = Sandbox::start().await;
    let client = L402Client::builder(sandbox.api_key())
        .base_url(sandbox.url())
        .timeout(Duration::from_millis(900))
        .build()
        .unwrap();
    let settings = move |_| L402Config::new(client.clone()).verify_cache(VerifyCache::new());
    let shop = Shop::on(sandbox, settings).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::hang().on(Endpoint::Verify));
    let answers = crowd(&shop.api, "/weather", Some(&paid), 20).await;
    assert!(answers.iter().all(|answer| answer.status == 504));
    assert_eq!(shop.sandbox.verifies(), 1);
    // The gate's deadline may pass a moment before the call's own, which is shared until then.
    let mut answer = shop.api.ask_with("/weather", &paid).await;
    for _ in 0..5 {
        if answer.status != 504 {
            break;
        }
        answer = shop.api.ask_with("/weather", &paid).await;
    }
    assert_eq!(answer.status, 200);
}

/// The sandbox judges after its delay, when the token has expired.
#[actix_web::test]
async fn a_token_that_expires_while_a_call_is_shared_opens_nothing() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(slow());
    let requests: Vec<_> = (0..20)
        .map(|_| rt::spawn(Answer::to(shop.api.get("/weather").header("Authorization", &paid))))
        .collect();
    while shop.sandbox.verifies() == 0 {
        rt::time::sleep(Duration::from_millis(10)).await;
    }
    shop.sandbox.advance(Duration::from_secs(2 * 60 * 60));
    for request in requests {
        assert_eq!(request.await.unwrap().status, 401);
    }
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 401);
}

#[actix_web::test]
async fn a_price_that_rises_while_a_call_is_shared_is_asked_about() {
    let shop = shop(VerifyCache::new()).await;
    shop.price(100);
    let paid = shop.buy("/floating").await;
    shop.sandbox.fault(slow());
    let with_token = || Answer::to(shop.api.get("/floating").header("Authorization", &paid));
    let before = rt::spawn(with_token());
    while shop.sandbox.verifies() == 0 {
        rt::time::sleep(Duration::from_millis(10)).await;
    }
    shop.price(500);
    assert_eq!(with_token().await.status, 402, "does not join the call at the old price");
    assert_eq!(before.await.unwrap().status, 200);
}

#[actix_web::test]
async fn a_client_that_goes_away_takes_nothing_from_those_who_share_its_call() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(slow());
    let with_token = || shop.api.get("/weather").header("Authorization", &paid);
    let leader = rt::spawn(with_token().send());
    while shop.sandbox.verifies() == 0 {
        rt::time::sleep(Duration::from_millis(10)).await;
    }
    let others: Vec<_> = (0..10).map(|_| rt::spawn(Answer::to(with_token()))).collect();
    leader.abort();
    for other in others {
        assert_eq!(other.await.unwrap().status, 200);
    }
    assert_eq!(shop.sandbox.verifies(), 1);
}

/// Its worker may be held up by a handler that blocks it.
#[actix_web::test]
async fn a_call_that_takes_a_second_is_asked_anew_by_one_of_those_who_wait() {
    let shop = shop(VerifyCache::new()).await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::hang().on(Endpoint::Verify));
    let answers = crowd(&shop.api, "/weather", Some(&paid), 20).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(served, 19, "all but the one whose call hangs");
    assert_eq!(shop.sandbox.verifies(), 2);
}
