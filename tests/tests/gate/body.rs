//! Nothing of an unpaid request's body is read, however long the gate has to wait.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpMessage as _, Responder,
    dev::{Payload, Service as _},
    error::PayloadError,
    post, web,
};
use futures_core::Stream;
use l402_actix::{L402Config, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, Calls};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[post("/upload")]
#[l402(price_sats = 100)]
async fn upload(body: web::Json<serde_json::Value>) -> impl Responder {
    body.to_string()
}

/// A body that counts how often anybody asks for a piece of it.
struct Counted {
    inner: Payload,
    polls: Calls,
}

impl Stream for Counted {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.polls.count();
        Pin::new(&mut self.inner).poll_next(context)
    }
}

/// The API, behind a layer that counts the polls of each body.
async fn counting(config: L402Config, polls: Calls) -> Api {
    Api::serve(move |app| {
        let polls = polls.clone();
        let counted = web::scope("")
            .wrap_fn(move |mut request, next| {
                let counted = Counted { inner: request.take_payload(), polls: polls.clone() };
                request.set_payload(Payload::Stream { payload: Box::pin(counted) });
                next.call(request)
            })
            .service(upload);
        app.app_data(config.clone()).service(counted);
    })
    .await
}

#[actix_web::test]
async fn an_unpaid_request_never_reads_the_body_while_the_gate_waits() {
    let sandbox = Sandbox::start().await;
    let polls = Calls::default();
    let api = counting(L402Config::new(sandbox.client()), polls.clone()).await;
    let send = |body: &'static str| {
        api.request(reqwest::Method::POST, "/upload")
            .header("Content-Type", "application/json")
            .body(body)
    };

    sandbox.fault(Fault::delay(Duration::from_millis(50)).on(Endpoint::Mint));
    let answer = Answer::to(send("this is no JSON")).await;
    assert_eq!(answer.status, 402, "and not the 400 that the body deserves");
    assert_eq!(polls.so_far(), 0);

    sandbox.fault(Fault::delay(Duration::from_millis(50)).on(Endpoint::Verify));
    let refused = Answer::to(send("this is no JSON").header("Authorization", "L402 AgEL:00")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(polls.so_far(), 0);

    // Paid for, the body is read, and the handler's extractor has its say.
    let credential = l402_tests::pay(&sandbox, &answer.headers);
    let paid = Answer::to(send("this is no JSON").header("Authorization", &credential)).await;
    assert!(polls.so_far() > 0);
    assert_eq!(paid.status, 400);
    let paid = Answer::to(send("[1,2]").header("Authorization", &credential)).await;
    assert_eq!((paid.status, paid.body.as_str()), (200, "[1,2]"));
}

#[actix_web::test]
async fn the_402_arrives_although_the_announced_body_never_does() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(upload);
    })
    .await;
    sandbox.fault(Fault::delay(Duration::from_millis(50)).on(Endpoint::Mint));

    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    let head = "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 100000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 16];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer));
    read.await.expect("the answer does not wait for the body").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 402 Pay");
}

/// The client is still sending when the answer is complete; closing on it would take the answer away.
#[actix_web::test]
async fn the_402_reaches_a_client_that_is_still_sending_its_body() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(upload);
    })
    .await;
    for _ in 0..5 {
        let request = api
            .request(reqwest::Method::POST, "/upload")
            .header("Content-Type", "application/json")
            .body(vec![b' '; 32 * 1024 * 1024]);
        assert_eq!(Answer::to(request).await.status, 402);
    }
}
