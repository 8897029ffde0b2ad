//! An MPP payment that the broker takes while nobody waits for its answer: it takes each one once.

use std::time::Duration;

use actix_web::{HttpResponse, get, web::Data};
use l402_actix::{L402Client, L402Config, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Api, TestStore};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{Stage, eventually, scopes::by_mpp};

#[get("/pack")]
#[l402(price_sats = 100, uses = 3)]
async fn pack(stage: Data<Stage>) -> HttpResponse {
    stage.perform().await
}

#[get("/plain")]
#[l402(price_sats = 100)]
async fn plain(stage: Data<Stage>) -> HttpResponse {
    stage.perform().await
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    stage: Stage,
    config: L402Config,
    store: TestStore,
}

impl Shop {
    /// The client waits for so long, and the broker takes what it is asked at once and answers late.
    async fn open(timeout: Duration) -> Self {
        let sandbox = Sandbox::start().await;
        let client = L402Client::builder(sandbox.api_key()).base_url(sandbox.url());
        let client = client.timeout(timeout).build().unwrap();
        let store = TestStore::around(l402_actix::MemoryStore::new());
        let config = l402_tests::config(client).balances(store.clone()).mpp(true);
        let stage = Stage::default();
        let api = serve(&config, &stage).await;
        Self { api, sandbox, stage, config, store }
    }

    fn answers_late(&self, late: Duration) {
        self.sandbox.fault(Fault::late(late).on(Endpoint::Verify));
    }

    async fn buy(&self, path: &str) -> String {
        by_mpp(&self.api.buy(path, &self.sandbox).await)
    }

    /// Leaves while the broker is being asked.
    async fn leave(&self, path: &str, payment: &str) {
        let mut stream = TcpStream::connect(self.api.address()).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: {payment}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        eventually("the broker is asked", async || self.sandbox.verifies() == 1).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
    }

    /// What it is answered once it is neither too late nor held by a request that has not quite gone.
    async fn served(&self, path: &str, payment: &str) -> u16 {
        let mut status = 504;
        eventually("the payment is known", async || {
            status = self.api.ask_with(path, payment).await.status;
            ![504, 409].contains(&status)
        })
        .await;
        status
    }
}

async fn serve(config: &L402Config, stage: &Stage) -> Api {
    let (config, data) = (config.clone(), Data::new(stage.clone()));
    Api::serve(move |app| {
        app.app_data(config.clone()).app_data(data.clone()).service((pack, plain));
    })
    .await
}

#[actix_web::test]
async fn a_payer_that_leaves_while_the_broker_says_yes_is_served_when_it_comes_again() {
    let shop = Shop::open(Duration::from_secs(30)).await;
    for (path, good_for) in [("/plain", 1), ("/pack", 3)] {
        let before = shop.sandbox.verifies();
        let payment = shop.buy(path).await;
        shop.answers_late(Duration::from_secs(1));
        let mut stream = TcpStream::connect(shop.api.address()).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: {payment}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        eventually("the broker is asked", async || shop.sandbox.verifies() > before).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
        for _ in 0..good_for {
            assert_eq!(shop.served(path, &payment).await, 200, "{path}");
        }
        assert_eq!(shop.served(path, &payment).await, 402, "{path}: it is used up");
        assert_eq!(shop.sandbox.verifies() - before, 1, "{path}: one question for each payment");
    }
}

#[actix_web::test]
async fn a_yes_that_comes_after_the_deadline_is_there_for_the_next_request() {
    let shop = Shop::open(Duration::from_millis(400)).await;
    let payment = shop.buy("/plain").await;
    shop.answers_late(Duration::from_millis(900));
    assert_eq!(shop.api.ask_with("/plain", &payment).await.status, 504);
    assert_eq!(shop.served("/plain", &payment).await, 200);
    assert_eq!((shop.sandbox.payments(), shop.sandbox.verifies()), (1, 1));
    assert_eq!(shop.stage.calls(), 1);
}

/// Its worker is gone before the broker has answered.
#[actix_web::test]
async fn a_server_that_stops_with_grace_loses_no_payment_of_a_client_that_has_left() {
    let shop = Shop::open(Duration::from_secs(30)).await;
    let payment = shop.buy("/plain").await;
    shop.answers_late(Duration::from_secs(2));
    shop.leave("/plain", &payment).await;
    let next = serve(&shop.config, &shop.stage).await;
    let stopped = shop.api;
    stopped.stop().await;
    let shop = Shop { api: next, ..shop };
    assert_eq!(shop.served("/plain", &payment).await, 200);
    assert_eq!((shop.sandbox.payments(), shop.sandbox.verifies()), (1, 1));
}

/// What could not be written down is known here, also if nobody waited for it.
#[actix_web::test]
async fn a_payer_that_leaves_while_the_store_goes_is_served_when_that_is_back() {
    let shop = Shop::open(Duration::from_secs(30)).await;
    let payment = shop.buy("/plain").await;
    shop.answers_late(Duration::from_secs(1));
    shop.leave("/plain", &payment).await;
    shop.store.away(true);
    let away = shop.api.ask_with("/plain", &payment).await;
    assert_eq!(away.status, 503);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    shop.store.away(false);
    assert_eq!(shop.served("/plain", &payment).await, 200);
    assert_eq!((shop.sandbox.payments(), shop.sandbox.verifies()), (1, 1));
}

#[actix_web::test]
async fn of_many_requests_at_once_with_one_mpp_payment_one_asks_the_broker() {
    let shop = Shop::open(Duration::from_secs(30)).await;
    let payment = shop.buy("/pack").await;
    shop.answers_late(Duration::from_millis(500));
    let asked = [(); 12].map(|()| {
        actix_web::rt::spawn(shop.api.get("/pack").header("authorization", &payment).send())
    });
    let mut statuses = Vec::new();
    for answer in asked {
        statuses.push(answer.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    // All that is left is held by three of them.
    assert_eq!(statuses, [[200; 3].as_slice(), &[409; 9]].concat());
    assert_eq!(shop.sandbox.verifies(), 1);
}

#[actix_web::test]
async fn a_no_to_a_payment_whose_client_has_left_is_for_all_who_ask_meanwhile() {
    let shop = Shop::open(Duration::from_secs(30)).await;
    let payment = by_mpp(&format!("macaroon:{}", "ab".repeat(32)));
    shop.answers_late(Duration::from_secs(1));
    shop.leave("/plain", &payment).await;
    let refused = shop.api.ask_with("/plain", &payment).await;
    assert_eq!((refused.status, shop.sandbox.verifies()), (402, 1));
    assert_eq!(shop.stage.calls(), 0);
}

/// It is known to this process alone, by its own hash.
#[actix_web::test]
async fn an_acceptance_that_cannot_be_written_down_yet_answers_for_its_payment_and_no_other() {
    let shop = Shop::open(Duration::from_secs(30)).await;
    let payment = shop.buy("/pack").await;
    shop.store.fail_acceptances(true);
    for _ in 0..2 {
        assert_eq!(shop.served("/pack", &payment).await, 200);
    }
    assert_eq!(shop.sandbox.verifies(), 1, "it is known");
    for preimage in ["ab", "cd"] {
        let invented = by_mpp(&format!("macaroon:{}", preimage.repeat(32)));
        assert_eq!(shop.api.ask_with("/pack", &invented).await.status, 402);
    }
    shop.store.fail_acceptances(false);
    assert_eq!(shop.served("/pack", &payment).await, 200);
    assert_eq!(shop.served("/pack", &payment).await, 402);
    assert_eq!(shop.stage.calls(), 3);
    eventually("it is written down", async || shop.store.acceptances() > 0).await;
}
