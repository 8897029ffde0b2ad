//! A store that is away, full, silent, or cannot write.

use std::time::Duration;

use actix_web::web::Data;
use l402_actix::{L402Client, L402Config, MemoryStore};
use l402_sandbox::Sandbox;
use l402_tests::{Api, TestStore};

use super::{
    Stage, eventually,
    gate::{Shop, by_mpp},
    log, once,
};

#[actix_web::test]
async fn a_store_that_is_away_is_answered_503_and_the_handler_is_not_called() {
    let shop = Shop::open().await;
    log::begin();
    let credential = shop.buy("/once").await;
    let mints = shop.sandbox.mints();
    shop.store.away(true);
    let answer = shop.api.ask_with("/once", &credential).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "10");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.all("www-authenticate").is_empty());
    assert!(answer.json()["message"].as_str().unwrap().contains("do not pay again"));
    assert_eq!((shop.stage.calls(), shop.sandbox.mints()), (0, mints));
    let line = log::line_with("the store of balances is away: told to be away").unwrap();
    assert!(line.contains("ERROR"), "{line}");
    assert_eq!(shop.status("/again", &shop.buy("/again").await).await, 200, "asks no store");
    shop.store.away(false);
    assert_eq!(shop.status("/once", &credential).await, 200);
}

/// A price is no promise of this moment; what was paid is not lost.
#[actix_web::test]
async fn what_is_bought_while_the_store_is_away_is_served_when_it_is_back() {
    let shop = Shop::open().await;
    shop.store.away(true);
    let credential = shop.buy("/once").await;
    assert_eq!(shop.status("/once", &credential).await, 503);
    shop.store.away(false);
    assert_eq!(shop.status("/once", &credential).await, 200);
    assert_eq!(shop.status("/once", &credential).await, 402);
}

#[actix_web::test]
async fn a_store_that_is_full_is_answered_503_until_there_is_room() {
    let store = TestStore::around(MemoryStore::with_capacity(1));
    let shop = Shop::with(store, |config| config).await;
    log::begin();
    let (spent, refused) = (shop.buy("/once").await, shop.buy("/once").await);
    assert_eq!(shop.status("/once", &spent).await, 200);
    let answer = shop.api.ask_with("/once", &refused).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "10"));
    let line = log::line_with("the store of balances is full").unwrap();
    assert!(line.contains("ERROR"), "{line}");
    assert_eq!(shop.status("/once", &spent).await, 402, "it was not forgotten to make room");
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn a_store_that_hangs_is_answered_within_the_gates_deadline() {
    let sandbox = Sandbox::start().await;
    let client = L402Client::builder(sandbox.api_key())
        .base_url(sandbox.url())
        .timeout(Duration::from_millis(700))
        .build()
        .unwrap();
    let store = TestStore::around(MemoryStore::new());
    store.hangs(true);
    let config = L402Config::new(client).balances(store.clone());
    let stage = Stage::default();
    let data = Data::new(stage.clone());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(data.clone()).service(once);
    })
    .await;
    let credential = api.buy("/once", &sandbox).await;
    let answer = api.ask_with("/once", &credential).await;
    assert_eq!(answer.status, 504);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!(stage.calls(), 0);
    store.hangs(false);
    let mut status = 0;
    eventually("it is given back", async || {
        status = api.ask_with("/once", &credential).await.status;
        ![409, 504].contains(&status)
    })
    .await;
    assert_eq!(status, 200);
}

/// What answered requests cost is written down before they are answered, or they are not.
#[actix_web::test]
async fn an_answer_whose_draw_cannot_be_written_down_is_not_sent_and_its_payer_keeps_the_token() {
    type Fail = fn(&TestStore);
    let fails: [Fail; 3] = [
        |store| store.fail_draws(1),
        // It was made, and nobody has heard so.
        |store| store.lose_draws(1),
        |store| store.refuse_draws(1),
    ];
    for fail in fails {
        let shop = Shop::open().await;
        log::begin();
        let credential = shop.buy("/once").await;
        fail(&shop.store);
        let answer = shop.api.ask_with("/once", &credential).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "10"));
        assert!(answer.json()["message"].as_str().unwrap().contains("do not pay again"));
        assert!(answer.all("www-authenticate").is_empty());
        let line = log::line_with("an answer was not sent").unwrap();
        assert!(line.contains("ERROR"), "{line}");
        for secret in credential.split([' ', ':']).skip(1) {
            assert!(log::line_with(secret).is_none(), "a credential in the log");
        }
        assert_eq!(shop.status("/once", &credential).await, 200);
        assert_eq!(shop.status("/once", &credential).await, 402);
        assert_eq!(shop.sandbox.payments(), 1);
    }
}

/// The broker takes an MPP payment once, so it is held before the broker is asked: what fails then
/// can be tried again, as the answer says.
#[actix_web::test]
async fn a_store_that_is_away_costs_no_mpp_payment() {
    let store = TestStore::around(MemoryStore::new());
    let shop = Shop::with(store, |config| config.mpp(true)).await;
    let payment = by_mpp(&shop.buy("/once").await);
    shop.store.away(true);
    let answer = shop.api.ask_with("/once", &payment).await;
    assert_eq!((answer.status, shop.sandbox.verifies()), (503, 0));
    assert!(answer.json()["message"].as_str().unwrap().contains("same credential"));
    shop.store.away(false);
    assert_eq!(shop.status("/once", &payment).await, 200);
    assert_eq!(shop.status("/once", &payment).await, 402);
    assert_eq!(shop.stage.calls(), 1);
}
