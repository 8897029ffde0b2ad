//! The places of what comes to nothing, at all processes: who takes one, and when it is free again.

use std::time::Duration;

use l402_tests::{pay, redis::Redis};

use super::{eventually, garbage, limited, process::Process};

/// How many are taken.
fn taken(redis: &Redis) -> u64 {
    let keys = redis.keys("*:vain:*");
    assert!(keys.len() <= 1, "one count for all: {keys:?}");
    let count = |key: &String| redis.command(&["zcard", key]).trim().parse().unwrap();
    keys.first().map_or(0, count)
}

#[actix_web::test]
async fn a_challenge_has_a_place_until_its_payment_is_shown_at_whichever_process() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &[]));
    for (number, shown_at) in [&one, &two].into_iter().enumerate() {
        let answer = one.ask("/weather", None).await;
        assert_eq!(taken(&redis), 1);
        eventually("it is told", async || redis.keys("*:sold:*").len() > number).await;
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
    let mints = sandbox.mints();
    assert_eq!(process.status("/draw", &credential).await, 402, "it is for something else");
    assert_eq!(sandbox.mints() - mints, 1);
    eventually("one for its question, one for its challenge", async || taken(&redis) == 2).await;
}

#[actix_web::test]
async fn of_those_who_ask_the_same_at_once_one_has_a_place() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let process = Process::start(&sandbox, &redis, &[]);
    assert_eq!(process.status("/weather", &garbage(1)).await, 401);
    let (before, verifies) = (taken(&redis), sandbox.verifies());
    // Until all of them are there, nobody hears whether there is a place.
    redis.freeze();
    let credential = garbage(2);
    let ask = || process.status("/weather", &credential);
    let thaw = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        redis.thaw();
    };
    let (.., one, two, three, four) = tokio::join!(thaw, ask(), ask(), ask(), ask());
    assert_eq!([one, two, three, four], [401; 4]);
    let calls = sandbox.verifies() - verifies;
    eventually("the others' are free", async || taken(&redis) <= before + calls).await;
}
