//! What can be done on a connection itself: several requests at once, other protocols, other methods.

use std::time::Duration;

use actix_web::web;
use l402_actix::{RequirePayment, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Api, Calls, PATIENCE, config, raw};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

#[l402(price_sats = 100)]
async fn any(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "sold"
}

#[l402(price_sats = 100, single_use)]
async fn once(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "sold"
}

async fn within(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "sold"
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::start().await;
        let config = config(sandbox.client());
        let calls = Calls::default();
        let counter = calls.clone();
        let api = Api::serve(move |app| {
            let scope = web::scope("/scope")
                .wrap(RequirePayment::sats(100))
                .default_service(web::to(within));
            app.app_data(config.clone())
                .app_data(web::Data::new(counter.clone()))
                .route("/any", web::to(any))
                .route("/once", web::to(once))
                .service(scope);
        })
        .await;
        Self { api, sandbox, calls }
    }

    /// The statuses of all answers on one connection, and what else was read.
    async fn say(&self, bytes: &str) -> (Vec<u16>, String) {
        let answer = raw::exchange(self.api.address(), bytes.as_bytes()).await.unwrap();
        let Some(answer) = answer else { return (Vec::new(), String::new()) };
        let head = String::from_utf8_lossy(&answer.head).into_owned();
        let text = format!("{head}\r\n\r\n{}", answer.text());
        (statuses(&text), text)
    }

    /// The same, of a connection that the server may leave open: what comes until the client has
    /// nothing more to say.
    async fn say_and_leave(&self, bytes: &str) -> (Vec<u16>, String) {
        let mut stream = TcpStream::connect(self.api.address()).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        // A head is enough: what is served is counted by the handler.
        while !text.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = timeout(PATIENCE, stream.read(&mut piece)).await.expect("an answer");
            let Ok(read @ 1..) = read else { break };
            text.extend_from_slice(&piece[..read]);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        (statuses(&text), text)
    }
}

fn statuses(text: &str) -> Vec<u16> {
    let answers = text.split("HTTP/1.").skip(1);
    answers.filter_map(|answer| answer.get(2..5)?.parse().ok()).collect()
}

fn get(path: &str, credential: Option<&str>, last: bool) -> String {
    let authorization =
        credential.map(|text| format!("Authorization: {text}\r\n")).unwrap_or_default();
    let close = if last { "Connection: close\r\n" } else { "" };
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}{close}\r\n")
}

#[actix_web::test]
async fn of_requests_in_one_segment_each_is_answered_by_its_own_payment() {
    let shop = Shop::open().await;
    for path in ["/any", "/scope/x"] {
        let paid = shop.api.buy(path, &shop.sandbox).await;
        for order in [[true, false], [false, true], [false, false], [true, true]] {
            let before = shop.calls.so_far();
            let [first, last] = order.map(|pays| pays.then_some(paid.as_str()));
            let (statuses, text) =
                shop.say(&(get(path, first, false) + &get(path, last, true))).await;
            assert_eq!(statuses, order.map(|pays| if pays { 200 } else { 402 }), "{text}");
            let served = order.iter().filter(|pays| **pays).count();
            assert_eq!(shop.calls.so_far() - before, served, "{path} {order:?}");
            assert_eq!(text.matches("sold").count(), served, "{path} {order:?}");
        }
    }
}

#[actix_web::test]
async fn of_requests_in_one_segment_with_one_payment_for_one_answer_one_is_answered() {
    let shop = Shop::open().await;
    for others in [1, 2, 20] {
        let paid = shop.api.buy("/once", &shop.sandbox).await;
        let before = shop.calls.so_far();
        let segment = get("/once", Some(&paid), false).repeat(others);
        let (statuses, text) = shop.say(&(segment + &get("/once", Some(&paid), true))).await;
        assert_eq!(statuses[0], 200, "{text}");
        assert!(statuses[1..].iter().all(|status| *status == 402), "{statuses:?}");
        assert_eq!((statuses.len(), shop.calls.so_far() - before), (others + 1, 1));
    }
}

/// The gate leaves the body unread, and Actix has to know where the next request begins.
#[actix_web::test]
async fn a_request_within_the_body_of_an_unpaid_one_is_no_request() {
    let shop = Shop::open().await;
    for path in ["/any", "/scope/x"] {
        let hidden = get(path, Some(&shop.api.buy(path, &shop.sandbox).await), true);
        for framing in [
            format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len()),
            format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
                hidden.len()
            ),
        ] {
            let post = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{framing}");
            let (statuses, text) = shop.say(&(post + &get("/nothing", None, true))).await;
            assert_eq!(statuses[0], 402, "{text}");
            assert!(!text.contains("sold"), "{text}");
        }
    }
    assert_eq!(shop.calls.so_far(), 0);
}

/// Whichever of the two Actix believes, what follows is not served unless it is paid for.
#[actix_web::test]
async fn a_body_with_a_length_in_chunks_opens_nothing() {
    let shop = Shop::open().await;
    for path in ["/any", "/scope/x"] {
        let hidden = get(path, None, true);
        for framing in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 0\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
        ] {
            let post = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n0\r\n\r\n");
            let (statuses, text) = shop.say(&(post + &hidden)).await;
            assert!(statuses.iter().all(|status| [400, 402].contains(status)), "{text}");
        }
    }
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn whoever_wants_another_protocol_is_asked_to_pay_first() {
    let shop = Shop::open().await;
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    for path in ["/any", "/scope/x"] {
        for upgrade in [websocket, h2c, "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"] {
            let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n");
            let (statuses, text) = shop.say_and_leave(&head).await;
            assert_eq!(statuses, [402], "{text}");
        }
    }
    // HTTP/2 without asking.
    let (statuses, _) = shop.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(statuses.iter().all(|status| *status >= 400), "{statuses:?}");
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn no_method_and_no_version_opens_a_route_without_a_payment() {
    let shop = Shop::open().await;
    for path in ["/any", "/scope/x", "http://localhost/any", "http://elsewhere.test/scope/x"] {
        for method in
            ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PRI", "get"]
        {
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                let head = format!(
                    "{method} {path} {version}\r\nHost: localhost\r\nConnection: close\r\n"
                );
                let (statuses, text) = shop.say_and_leave(&(head + "\r\n")).await;
                let is_refused = |status: &u16| [400, 402].contains(status);
                assert!(statuses.iter().all(is_refused), "{method} {path} {version}: {text}");
            }
        }
        let (statuses, text) = shop
            .say(&format!(
                "OPTIONS {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            ))
            .await;
        assert_eq!(statuses, [204], "{path}: {text}");
    }
    let (statuses, text) = shop
        .say_and_leave("CONNECT elsewhere.test:443 HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n")
        .await;
    assert!(!statuses.contains(&200), "{text}");
    assert_eq!(shop.calls.so_far(), 0);
}

/// Actix answers both lines of a doubled header to the gate, which takes the first.
#[actix_web::test]
async fn two_authorization_lines_are_the_first_of_them() {
    let shop = Shop::open().await;
    let paid = shop.api.buy("/any", &shop.sandbox).await;
    let lines = |first: &str, second: &str| {
        format!(
            "GET /any HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: {first}\r\nAuthorization: {second}\r\n\r\n"
        )
    };
    for (first, second, status) in [
        (paid.as_str(), "L402 AgEL:00", 200),
        ("L402 AgEL:00", paid.as_str(), 401),
        ("Bearer alice", paid.as_str(), 200),
        ("L402 AgEL:00", "L402 AgEL:11", 401),
        ("Bearer alice", "Bearer bob", 402),
    ] {
        let before = shop.calls.so_far();
        let (statuses, text) = shop.say(&lines(first, second)).await;
        assert_eq!(statuses, [status], "{text}");
        assert_eq!(shop.calls.so_far() - before, usize::from(status == 200));
    }
}

/// What the payer holds stays good, and one who does not pay again loses nothing.
#[actix_web::test]
async fn a_broker_that_says_yes_then_no_then_yes_costs_no_second_payment() {
    let shop = Shop::open().await;
    for path in ["/any", "/scope/x"] {
        let paid = shop.api.buy(path, &shop.sandbox).await;
        assert_eq!(shop.api.ask_with(path, &paid).await.status, 200);
        let payments = shop.sandbox.payments();
        for _ in 0..2 {
            let before = shop.calls.so_far();
            let no = json!({ "valid": false, "error": "no" });
            shop.sandbox.fault(Fault::json(no).on(Endpoint::Verify));
            assert_eq!(shop.api.ask_with(path, &paid).await.status, 402, "it may have ended");
            assert_eq!(shop.calls.so_far(), before, "a no opens nothing");
            let mut status = 402;
            for _ in 0..100 {
                if status != 402 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                status = shop.api.ask_with(path, &paid).await.status;
            }
            assert_eq!(status, 200, "a yes opens it again within ten seconds");
            assert_eq!(shop.sandbox.payments(), payments, "nobody has paid again");
        }
    }
}
