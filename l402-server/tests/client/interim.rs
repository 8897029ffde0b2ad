//! Interim responses (1xx) without end.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use l402_server::{L402Client, L402Error};

use crate::{KEY, mint};

/// A broker that begins its answer with one interim response after the other, for ever.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the connection; the listener ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "x".repeat(2000));
            while stream.write_all(head.repeat(32).as_bytes()).is_ok() {}
        }
    });
    url
}

/// hyper reads past them within one poll of the connection, up to 128 reads of 400 KiB, and reqwest
/// passes on no callback, no size of the buffer and no connection of one's own to stop it: the timer
/// fires when that poll has ended. How long that takes goes by their number, so these are long ones.
#[tokio::test]
async fn interim_responses_without_end_end_in_the_timeout_and_close_the_connection() {
    let timeout = Duration::from_millis(500);
    let client = L402Client::builder(KEY).base_url(endless()).timeout(timeout).build().unwrap();
    let begun = Instant::now();
    for _ in 0..2 {
        let err = mint(&client).await.expect_err("no answer");
        assert!(matches!(err, L402Error::Timeout { .. }), "{err:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
