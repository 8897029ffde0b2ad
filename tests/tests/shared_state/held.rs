//! Challenges that clients hold, and keys of the merchant's that are used up.

use l402_sandbox::Sandbox;
use l402_tests::{pay, redis::Redis};

use super::{eventually, process::Process};

#[actix_web::test]
async fn a_client_is_handed_the_challenge_that_it_holds_by_whichever_process_it_asks() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &["reuse"]));
    let answer = one.ask("/weather", None).await;
    let held = answer.json()["paymentHash"].as_str().unwrap().to_owned();
    eventually("it is told", async || redis.keys("*:held:*").len() == 1).await;
    assert_eq!(two.offered().await, held);
    assert_eq!(one.offered().await, held);
    assert_eq!(sandbox.mints(), 1);

    // Paid for at the one: the other one, which knows nothing of that by itself, mints anew.
    let credential = pay(&sandbox, &answer.headers);
    assert_eq!(one.status("/weather", &credential).await, 200);
    eventually("it is told", async || redis.keys("*:held:*").is_empty()).await;
    assert_ne!(two.offered().await, held);
}

/// A client that is handed another invoice each time may pay two.
#[actix_web::test]
async fn while_redis_is_away_a_client_is_handed_again_what_each_process_has_handed_it() {
    let (sandbox, mut redis) = (Sandbox::start().await, Redis::start(&[]));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &["reuse"]));
    let held = one.offered().await;
    eventually("it is told", async || redis.keys("*:held:*").len() == 1).await;
    assert_eq!(two.offered().await, held);
    redis.kill();
    for process in [&one, &two] {
        assert_eq!(process.offered().await, held);
    }
    assert_eq!(sandbox.mints(), 1);
}

#[actix_web::test]
async fn a_challenge_that_is_paid_at_another_process_than_its_seller_is_handed_out_no_more() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &["reuse"]));
    let answer = one.ask("/weather", None).await;
    let held = answer.json()["paymentHash"].as_str().unwrap().to_owned();
    eventually("it is told", async || redis.keys("*:held:*").len() == 1).await;
    assert_eq!(two.status("/weather", &pay(&sandbox, &answer.headers)).await, 200);
    eventually("it is told", async || redis.keys("*:held:*").is_empty()).await;
    assert_ne!(one.offered().await, held);
}

/// Whoever can write to Redis cannot have clients pay him.
#[actix_web::test]
async fn a_challenge_that_somebody_else_has_put_there_is_not_handed_out() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &["reuse"]));
    let held = one.offered().await;
    eventually("it is told", async || redis.keys("*:held:*").len() == 1).await;
    let key = redis.keys("*:held:*").remove(0);
    let written = redis.command(&["get", &key]);
    let forged = written.trim().replace(&held, &"0".repeat(64));
    assert_ne!(forged, written.trim());
    let _ = redis.command(&["set", &key, &forged, "px", "600000"]);
    let offered = two.offered().await;
    assert!(offered != held && offered != "0".repeat(64), "a new one: {offered}");
    assert_eq!(two.logged("its seal is not this account's"), 1);
}

#[actix_web::test]
async fn a_key_of_the_merchants_that_is_used_up_is_so_at_every_process() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let [one, two, three] = [(); 3].map(|()| Process::start(&sandbox, &redis, &["key"]));
    let answer = one.ask("/weather", None).await;
    let paid = answer.json()["paymentHash"].as_str().unwrap().to_owned();
    assert_eq!(two.offered().await, paid, "the broker brings it back");
    assert_eq!(one.status("/weather", &pay(&sandbox, &answer.headers)).await, 200);
    eventually("it is told", async || {
        redis.keys("*:sold:*").iter().any(|key| redis.command(&["get", key]).contains(":true"))
    })
    .await;
    let mints = sandbox.mints();
    assert_ne!(two.offered().await, paid, "nobody can pay it again");
    assert_eq!(sandbox.mints() - mints, 2, "brought back once more, and minted anew");
    eventually("it is told", async || redis.keys("*:used:*").len() == 1).await;
    let mints = sandbox.mints();
    assert_ne!(three.offered().await, paid);
    assert_eq!(sandbox.mints() - mints, 1, "it knows that the key is used up");
}
