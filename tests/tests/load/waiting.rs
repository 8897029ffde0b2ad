//! A thousand at once.

use l402_tests::process;

use super::{ASK, PATIENCE, Shop, read_to_end};

/// What may stay after a round that was not there after the one before it: fragments, and what
/// the sandbox, which is in this process too, remembers of a thousand invoices.
const SLACK_KIB: u64 = 24 * 1024;

#[actix_web::test]
async fn a_thousand_connections_wait_for_a_slow_broker_and_other_routes_keep_answering() {
    let shop = Shop::open(PATIENCE).await;
    let mut memory = Vec::new();
    for _ in 0..3 {
        shop.hold_up(true);
        let mut streams = Vec::new();
        for _ in 0..1000 {
            streams.push(shop.begin(ASK).await);
        }
        shop.until("a thousand that wait", |shop| shop.in_flight.now() == 1000).await;
        for _ in 0..10 {
            assert_eq!(shop.api.ask("/free").await.body, "free");
        }
        assert_eq!(shop.in_flight.now(), 1000, "all of them wait still");

        shop.hold_up(false);
        for stream in streams {
            let answer = read_to_end(stream).await;
            assert!(answer.starts_with("HTTP/1.1 402 "), "{answer:.80}");
        }
        shop.until_nothing_is_left().await;
        memory.push(process::memory_kib("self").unwrap());
    }
    assert_eq!(shop.sandbox.mints(), 3000);
    // The first rounds fill pools and arenas; what the last one adds would stay for good.
    assert!(memory[2] < memory[1] + SLACK_KIB, "{memory:?}");
}
