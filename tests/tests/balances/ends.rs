//! The table of the guide page on packs: each way a request can end, for uses and for units. What its
//! other rows cost is tested in `packs`, `units`, `gate`, `interrupted` and `stops`.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, get, post, route,
    web::{self, Bytes, Data},
};
use l402_actix::{Balance, L402Config, MemoryStore, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, TestStore};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Stage, eventually};

/// Draws what the query says, of the ten units of a payment, and does what the stage says.
#[route("/units/{number}", method = "GET", method = "HEAD")]
#[l402(price_sats = 100, resource = "units", units = 10, hold = 6)]
async fn units(
    request: HttpRequest,
    _number: web::Path<u32>,
    balance: Balance,
    stage: Data<Stage>,
) -> HttpResponse {
    if let Ok(cost) = request.query_string().parse() {
        balance.draw(cost).unwrap();
    }
    stage.perform().await
}

#[post("/units/body")]
#[l402(price_sats = 100, resource = "units", units = 10, hold = 6)]
async fn units_by_body(cost: web::Json<u64>, balance: Balance) -> &'static str {
    balance.draw(*cost).unwrap();
    "drawn"
}

#[get("/units/socket/")]
#[l402(price_sats = 100, resource = "units", units = 10, hold = 6)]
async fn units_by_socket(
    request: HttpRequest,
    body: web::Payload,
    balance: Balance,
) -> HttpResponse {
    balance.draw(3).unwrap();
    socket(&request, body)
}

#[route("/uses", method = "GET", method = "HEAD")]
#[l402(price_sats = 100, resource = "uses", uses = 3)]
async fn uses() -> &'static str {
    "one of three"
}

#[get("/uses/socket")]
#[l402(price_sats = 100, resource = "uses", uses = 3)]
async fn uses_by_socket(request: HttpRequest, body: web::Payload) -> HttpResponse {
    socket(&request, body)
}

/// A piece now and then, until nobody listens.
#[get("/uses/stream")]
#[l402(price_sats = 100, resource = "uses", uses = 3)]
async fn uses_by_stream(request: HttpRequest) -> HttpResponse {
    let panics = request.query_string() == "panics";
    HttpResponse::Ok().streaming(futures_util::stream::unfold(0, move |pieces| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!panics || pieces < 2, "told to panic");
        Some((Ok::<_, Infallible>(Bytes::from_static(b"piece")), pieces + 1))
    }))
}

/// Says nothing, and ends with the client.
fn socket(request: &HttpRequest, body: web::Payload) -> HttpResponse {
    let (response, _session, mut messages) = actix_ws::handle(request, body).unwrap();
    actix_web::rt::spawn(async move { while messages.recv().await.is_some() {} });
    response
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
        let store = TestStore::around(MemoryStore::new());
        let config = l402_tests::config(sandbox.client()).balances(store.clone());
        let stage = Stage::default();
        let api = serve(&config, &stage).await;
        Self { api, sandbox, stage, config, store }
    }

    /// Waits until so much is left, and then it stays so.
    async fn has_left(&self, path: &str, credential: &str, expected: u64) {
        let expected = format!("r={expected}");
        eventually(&format!("{expected} at {path}"), async || {
            self.left(path, credential).await.ends_with(&expected)
        })
        .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let left = self.left(path, credential).await;
        assert!(left.ends_with(&expected), "{path}: {left}");
    }

    /// An answer to `HEAD` costs nothing.
    async fn left(&self, path: &str, credential: &str) -> String {
        let head = self.api.request(Method::HEAD, path).header("authorization", credential);
        Answer::to(head).await.header("ratelimit").to_owned()
    }

    async fn begin(&self, head: &str, credential: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.api.address()).await.unwrap();
        let request = format!("{head}\r\nhost: test\r\nauthorization: {credential}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

async fn serve(config: &L402Config, stage: &Stage) -> Api {
    let (config, data) = (config.clone(), Data::new(stage.clone()));
    Api::serve(move |app| {
        app.app_data(config.clone())
            .app_data(data.clone())
            .service((units, units_by_body, units_by_socket))
            .service((uses, uses_by_socket, uses_by_stream));
    })
    .await
}

const UNITS: &str = "/units/1";
const USES: &str = "/uses";

fn leave(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[actix_web::test]
async fn an_answer_to_head_costs_the_units_that_were_drawn() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(UNITS, &shop.sandbox).await;
    for (path, left) in [("/units/1", 10), ("/units/1?3", 7)] {
        let head = shop.api.request(Method::HEAD, path).header("authorization", &credential);
        assert_eq!(Answer::to(head).await.status, 200);
        shop.has_left(UNITS, &credential, left).await;
    }
}

#[actix_web::test]
async fn what_an_extractor_refuses_costs_no_units() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(UNITS, &shop.sandbox).await;
    assert_eq!(shop.api.ask_with("/units/none?3", &credential).await.status, 404);
    let body = shop.api.request(Method::POST, "/units/body").header("authorization", &credential);
    assert_eq!(Answer::to(body.body("{")).await.status, 400);
    assert_eq!(shop.stage.calls(), 0);
    shop.has_left(UNITS, &credential, 10).await;
}

#[actix_web::test]
async fn a_panic_before_the_head_gives_back_what_was_drawn() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(UNITS, &shop.sandbox).await;
    shop.stage.answer(&[super::PANIC]);
    let asked = shop.api.get("/units/1?3").header("authorization", &credential).send();
    assert!(asked.await.is_err(), "Actix closes the connection");
    shop.has_left(UNITS, &credential, 10).await;
}

#[actix_web::test]
async fn a_client_that_leaves_before_the_handler_is_called_has_drawn_no_units() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(UNITS, &shop.sandbox).await;
    let head = "POST /units/body HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 9";
    let stream = shop.begin(head, &credential, "3").await;
    // Before anybody asks what is left, who holds six of ten for that moment too.
    eventually("it holds its part", async || shop.store.holds() == 1).await;
    shop.has_left(UNITS, &credential, 4).await;
    leave(stream);
    shop.has_left(UNITS, &credential, 10).await;
}

#[actix_web::test]
async fn a_client_that_leaves_the_handler_has_drawn_what_was_drawn() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(UNITS, &shop.sandbox).await;
    shop.stage.hold();
    let stream = shop.begin("GET /units/1?3 HTTP/1.1", &credential, "").await;
    eventually("the handler runs", async || shop.stage.calls() == 1).await;
    leave(stream);
    shop.stage.release();
    shop.has_left(UNITS, &credential, 7).await;
    assert_eq!(shop.stage.served(), shop.stage.calls() - 1, "it never came to its end");
}

/// Whose connection is no longer HTTP.
#[actix_web::test]
async fn a_web_socket_costs_one_use_or_the_units_that_were_drawn() {
    let shop = Shop::open().await;
    for (path, what, left) in [("/uses/socket", USES, 2), ("/units/socket/", UNITS, 7)] {
        let credential = shop.api.buy(what, &shop.sandbox).await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
        );
        let mut stream = shop.begin(&head, &credential, "").await;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 101", "{path}");
        leave(stream);
        shop.has_left(what, &credential, left).await;
    }
}

#[actix_web::test]
async fn a_stream_that_panics_or_whose_client_leaves_has_cost_one_use() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(USES, &shop.sandbox).await;
    for (path, left) in [("/uses/stream?panics", 2), ("/uses/stream", 1)] {
        let request = shop.api.get(path).header("authorization", &credential);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "piece");
        if path.ends_with("panics") {
            while let Ok(piece) = response.chunk().await {
                assert!(piece.is_some(), "it breaks off and does not end");
            }
        }
        drop(response);
        shop.has_left(USES, &credential, left).await;
    }
}

/// Of a request that is under way, as if the client had left.
#[actix_web::test]
async fn a_server_that_stops_without_grace_draws_what_a_client_that_leaves_draws() {
    let shop = Shop::open().await;
    let credential = shop.api.buy(UNITS, &shop.sandbox).await;
    shop.stage.hold();
    let _stream = shop.begin("GET /units/1?3 HTTP/1.1", &credential, "").await;
    eventually("the handler runs", async || shop.stage.calls() == 1).await;
    let next = serve(&shop.config, &Stage::default()).await;
    let stopped = shop.api;
    drop(stopped);
    let shop = Shop { api: next, ..shop };
    shop.has_left(UNITS, &credential, 7).await;
}
