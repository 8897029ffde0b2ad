//! The places of what comes to nothing, at all processes: who takes one, and when it is free again.

use l402_tests::{pay, redis::Redis};

use super::{eventually, garbage, limited, process::Process};

/// How many are taken.
fn taken(redis: &Redis) -> usize {
    let keys = redis.keys("*:vain:*");
    assert!(keys.len() <= 1, "one count for all: {keys:?}");
    let count = |key: &String| redis.command(&["zcard", key]).trim().parse().unwrap();
    keys.first().map_or(0, count)
}

#[actix_web::test]
async fn a_challenge_has_a_place_until_its_payment_is_shown_at_whichever_process() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &[]));
    for shown_at in [&one, &two] {
        let answer = one.ask("/weather", None).await;
        assert_eq!(taken(&redis), 1);
        eventually("it is told", async || !redis.keys("*:sold:*").is_empty()).await;
        let credential = pay(&sandbox, &answer.headers);
        assert_eq!(shown_at.status("/weather", &credential).await, 200);
        eventually("its place is free", async || taken(&redis) == 0).await;
    }
}

#[actix_web::test]
async fn a_credential_that_is_refused_keeps_its_place_and_one_that_is_good_does_not() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let elsewhere = Process::alone(&sandbox, &[]);
    let unknown_here = elsewhere.buy("/weather", &sandbox).await;
    let process = Process::start(&sandbox, &redis, &[]);
    assert_eq!(process.status("/weather", &garbage(1)).await, 401);
    let refused = taken(&redis);
    assert!(refused >= 1, "a stranger's call");
    assert_eq!(process.status("/weather", &unknown_here).await, 200);
    eventually("its place is free", async || taken(&redis) == refused).await;
}

/// Such a call takes no place beforehand, since payers are let through by right.
#[actix_web::test]
async fn a_payer_who_asks_in_vain_has_a_place_like_a_stranger() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let process = Process::start(&sandbox, &redis, &[]);
    let credential = process.buy("/weather", &sandbox).await;
    assert_eq!(process.status("/weather", &credential).await, 200);
    eventually("its place is free", async || taken(&redis) == 0).await;
    assert_ne!(process.status("/draw", &credential).await, 200, "it is for something else");
    eventually("it has one", async || taken(&redis) > 0).await;
}
