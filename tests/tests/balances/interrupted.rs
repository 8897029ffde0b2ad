//! Clients that go away, servers that stop.

use std::time::Duration;

use actix_web::{
    HttpResponse, post,
    web::{self, Data},
};
use l402_actix::{L402Config, MemoryStore, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, TestStore, pay};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{Stage, eventually, once};

/// A lease that no test waits for: what is free again before has been given back.
const LEASE: Duration = Duration::from_secs(60 * 60);

#[post("/body")]
#[l402(price_sats = 100, single_use)]
async fn takes_body(_: web::Json<u64>, stage: Data<Stage>) -> HttpResponse {
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
    async fn open() -> Self {
        let sandbox = Sandbox::start().await;
        let store = TestStore::around(MemoryStore::new()).with_lease(LEASE);
        let config = L402Config::new(sandbox.client()).balances(store.clone());
        let stage = Stage::default();
        let api = serve(&config, &stage).await;
        Self { api, sandbox, stage, config, store }
    }

    /// Sends the head of a request, and what is given of its body.
    async fn begin(&self, head: &str, credential: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.api.address()).await.unwrap();
        let request = format!("{head}\r\nhost: test\r\nauthorization: {credential}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn buy_body(&self) -> String {
        let asked = Answer::to(self.api.request(reqwest::Method::POST, "/body")).await;
        pay(&self.sandbox, &asked.headers)
    }

    /// Asks until the token is neither reserved nor refused for another passing reason.
    async fn settled(&self, credential: &str) -> u16 {
        let mut status = 409;
        eventually("the token is settled", async || {
            let request = self.api.request(reqwest::Method::POST, "/body");
            let request = request.header("authorization", credential);
            let request = request.header("content-type", "application/json").body("5");
            status = Answer::to(request).await.status;
            status != 409
        })
        .await;
        status
    }
}

async fn serve(config: &L402Config, stage: &Stage) -> Api {
    let (config, data) = (config.clone(), Data::new(stage.clone()));
    Api::serve(move |app| {
        app.app_data(config.clone()).app_data(data.clone()).service(once).service(takes_body);
    })
    .await
}

/// Closes the connection so that the other side sees an error, not an end.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[actix_web::test]
async fn a_client_that_vanishes_once_the_handler_was_called_has_spent_its_token() {
    let shop = Shop::open().await;
    let credential = shop.api.buy("/once", &shop.sandbox).await;
    shop.stage.hold();
    let stream = shop.begin("GET /once HTTP/1.1", &credential, "").await;
    eventually("the handler runs", async || shop.stage.calls() == 1).await;
    reset(stream);
    let mut status = 409;
    eventually("the token is spent", async || {
        status = shop.api.ask_with("/once", &credential).await.status;
        status != 409
    })
    .await;
    assert_eq!((status, shop.stage.served()), (402, 0), "the handler never came to its end");
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn an_orderly_close_lets_the_handler_run_to_its_end_and_spends_the_token() {
    let shop = Shop::open().await;
    let credential = shop.api.buy("/once", &shop.sandbox).await;
    shop.stage.hold();
    let mut stream = shop.begin("GET /once HTTP/1.1", &credential, "").await;
    eventually("the handler runs", async || shop.stage.calls() == 1).await;
    stream.shutdown().await.unwrap();
    drop(stream);
    assert_eq!(shop.api.ask_with("/once", &credential).await.status, 409);
    shop.stage.release();
    let mut status = 409;
    eventually("the token is spent", async || {
        status = shop.api.ask_with("/once", &credential).await.status;
        status != 409
    })
    .await;
    assert_eq!((status, shop.stage.calls()), (402, 1));
}

#[actix_web::test]
async fn a_client_that_vanishes_while_its_body_is_awaited_gets_its_token_back() {
    let shop = Shop::open().await;
    let credential = shop.buy_body().await;
    let head = "POST /body HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 9";
    let stream = shop.begin(head, &credential, "1").await;
    eventually("it is held", async || shop.store.holds() == 1).await;
    reset(stream);
    assert_eq!(shop.settled(&credential).await, 200);
    assert_eq!(shop.stage.calls(), 1);
}

#[actix_web::test]
async fn a_client_that_vanishes_during_the_verification_keeps_its_token() {
    let shop = Shop::open().await;
    let credential = shop.buy_body().await;
    let delay = Fault::delay(Duration::from_secs(1)).on(Endpoint::Verify);
    shop.sandbox.fault(delay);
    let before = shop.sandbox.verifies();
    let head = "POST /body HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 1";
    let stream = shop.begin(head, &credential, "5").await;
    eventually("the broker is asked", async || shop.sandbox.verifies() > before).await;
    reset(stream);
    assert_eq!(shop.settled(&credential).await, 200);
    assert_eq!(shop.stage.calls(), 1);
}

/// The worker and its tasks are gone before anything could be given back on it.
#[actix_web::test]
async fn a_give_back_that_was_under_way_when_the_server_stops_is_not_lost() {
    let shop = Shop::open().await;
    let credential = shop.buy_body().await;
    let head = "POST /body HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 9";
    let _stream = shop.begin(head, &credential, "1").await;
    eventually("it is held", async || shop.store.holds() == 1).await;
    let next = serve(&shop.config, &shop.stage).await;
    let stopped = shop.api;
    drop(stopped);
    let shop = Shop { api: next, ..shop };
    assert_eq!(shop.settled(&credential).await, 200);
    assert_eq!(shop.stage.calls(), 1);
}
