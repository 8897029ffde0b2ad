//! Those who send a byte now and then.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{PATIENCE, Shop};

#[actix_web::test]
async fn senders_that_never_finish_hold_up_nobody_and_leave_nothing_behind() {
    let shop = Shop::open(PATIENCE).await;
    let credential = shop.api.buy("/paid", &shop.sandbox).await;
    let mut streams = Vec::new();
    for head in [
        // Not even a whole line, a header that goes on, and a body that was announced.
        "GET /pa",
        "GET /paid HTTP/1.1\r\nHost: localhost\r\nAuthorization: L402 Ag",
        "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx",
    ] {
        for _ in 0..100 {
            streams.push(shop.begin(head).await);
        }
    }
    for stream in &mut streams {
        let _ = stream.write_all(b"x").await;
    }
    assert_eq!(shop.api.ask("/free").await.body, "free");
    assert_eq!(shop.api.ask_with("/paid", &credential).await.body, "paid");
    drop(streams);
    shop.until_nothing_is_left().await;
}

#[actix_web::test]
async fn a_slow_sender_is_asked_to_pay_before_its_body_is_there() {
    let shop = Shop::open(PATIENCE).await;
    let head = "POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
                1\r\nx\r\n";
    let mut stream = shop.begin(head).await;
    let _ = stream.write_all(b"1\r\nx\r\n").await;
    let mut answer = [0; 16];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer));
    read.await.expect("the answer does not wait for the body").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 402 Pay");
    drop(stream);
    shop.until_nothing_is_left().await;
}
