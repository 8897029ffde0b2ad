//! Who has paid at one process is a payer at every other one.

use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::redis::Redis;
use serde_json::json;

use super::{eventually, garbage, limited, process::Process};

/// Has everybody at this address asked so much in vain that a stranger is refused there.
async fn flood(process: &Process, from: usize) {
    let mut status = 401;
    for number in from..from + 100 {
        status = process.status("/weather", &garbage(number)).await;
        if status != 401 {
            break;
        }
    }
    assert!([429, 503].contains(&status), "a stranger is refused: {status}");
}

#[actix_web::test]
async fn who_has_paid_at_one_process_goes_first_at_another_and_after_a_restart() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let seller = Process::start(&sandbox, &redis, &[]);
    let other = Process::start(&sandbox, &redis, &[]);
    let accepted = seller.buy("/weather", &sandbox).await;
    assert_eq!(seller.status("/weather", &accepted).await, 200);
    let just_paid = seller.buy("/weather", &sandbox).await;
    eventually("it is told", async || redis.keys("*:sold:*").len() == 2).await;

    flood(&other, 0).await;
    assert_eq!(other.status("/weather", &accepted).await, 200);
    assert_eq!(other.status("/weather", &just_paid).await, 200, "who was never accepted, too");

    drop(seller);
    let anew = Process::start(&sandbox, &redis, &[]);
    flood(&anew, 1_000).await;
    assert_eq!(anew.status("/weather", &accepted).await, 200);
    assert_eq!(anew.status("/weather", &just_paid).await, 200);
}

/// So that the test above is about Redis, and not about a budget that lets everybody in.
#[actix_web::test]
async fn without_redis_a_payer_is_a_stranger_elsewhere() {
    let sandbox = limited().await;
    let (seller, other) = (Process::alone(&sandbox, &[]), Process::alone(&sandbox, &[]));
    let accepted = seller.buy("/weather", &sandbox).await;
    assert_eq!(seller.status("/weather", &accepted).await, 200);
    flood(&other, 0).await;
    assert!([429, 503].contains(&other.status("/weather", &accepted).await));
}

/// Whatever processes there are, strangers leave a third of the minute to those who have paid.
#[actix_web::test]
async fn what_strangers_ask_in_vain_is_counted_for_all_processes() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let processes = [(); 4].map(|()| Process::start(&sandbox, &redis, &[]));
    let payer = processes[0].buy("/weather", &sandbox).await;
    assert_eq!(processes[0].status("/weather", &payer).await, 200);
    // Each of them at once, before it has heard what the broker has left.
    let crawled = async |number: u8| {
        let mut mints = 0;
        for turn in 1..=40 {
            let from = 40 * number + turn;
            let status = processes[usize::from(number)].status_from(from, "/weather").await;
            mints += usize::from(status == 402);
        }
        mints
    };
    let (one, two, three, four) = tokio::join!(crawled(0), crawled(1), crawled(2), crawled(3));
    let mints = one + two + three + four;
    assert!((50..=67).contains(&mints), "two thirds of a hundred: {mints}");
    for process in &processes {
        assert_eq!(process.status("/weather", &payer).await, 200);
    }
}

/// A client asks whichever process it likes, and causes no more calls than at one.
#[actix_web::test]
async fn what_one_client_asks_in_vain_is_counted_for_all_processes() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let processes = [(); 4].map(|()| Process::start(&sandbox, &redis, &[]));
    let used_up = processes[0].buy("/draw", &sandbox).await;
    assert_eq!(processes[0].status("/draw", &used_up).await, 200);
    let (before, verifies) = (sandbox.mints(), sandbox.verifies());
    let mut statuses = Vec::new();
    for number in 0..100 {
        statuses.push(processes[number % 4].status("/draw", &used_up).await);
    }
    let mints = sandbox.mints() - before;
    assert!((27..=31).contains(&mints), "as at one process: {mints}");
    assert_eq!(sandbox.verifies(), verifies);
    assert!(statuses.iter().all(|status| [402, 429].contains(status)), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429), "it is the client's doing, and not the account's");
}

/// A broker that learns of a payment late: asking for more could be paid without end.
#[actix_web::test]
async fn a_payment_that_was_sold_elsewhere_is_not_asked_for_again() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let switches = ["rechallenge", "uncached", "unlimited"];
    let seller = Process::start(&sandbox, &redis, &switches);
    let other = Process::start(&sandbox, &redis, &switches);
    let token = seller.buy("/weather", &sandbox).await;
    eventually("it is told", async || redis.keys("*:sold:*").len() == 1).await;
    let not_yet = || Fault::json(json!({"valid": false, "error": "not yet"})).on(Endpoint::Verify);
    sandbox.fault(not_yet());
    assert_eq!(other.status("/weather", &token).await, 401);
    let stranger = Process::alone(&sandbox, &switches);
    sandbox.fault(not_yet());
    assert_eq!(stranger.status("/weather", &token).await, 402, "who knows nothing of the sale");
}

#[actix_web::test]
async fn no_key_holds_a_secret_and_every_key_expires() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let process = Process::start(&sandbox, &redis, &["reuse"]);
    let credential = process.buy("/weather", &sandbox).await;
    assert_eq!(process.status("/weather", &credential).await, 200);
    let _ = process.ask("/weather", None).await;
    assert_eq!(process.status("/draw", &process.buy("/draw", &sandbox).await).await, 200);
    let keys = redis.keys("*");
    assert!(keys.len() >= 5, "{keys:?}");
    let preimage = credential.rsplit(':').next().unwrap();
    for key in keys {
        assert!(key.starts_with("l402:{"), "{key}");
        let lasts: i64 = redis.command(&["ttl", &key]).trim().parse().unwrap();
        assert!((0..=24 * 60 * 60).contains(&lasts), "{key} lasts {lasts} s");
        let dumped = redis.command(&["dump", &key]);
        for secret in [preimage, sandbox.api_key()] {
            assert!(!key.contains(secret) && !dumped.contains(secret), "{key}");
        }
    }
}

/// Each process has a tenth for it by right; what the broker says is left holds it back at all of them.
#[actix_web::test]
async fn one_greedy_payer_at_four_processes_leaves_five_others_what_is_theirs() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let processes = [(); 4].map(|()| Process::start(&sandbox, &redis, &["uncached"]));
    let mut tokens = Vec::new();
    for number in 0..6 {
        tokens.push(processes[number % 4].buy("/weather", &sandbox).await);
    }
    eventually("it is told", async || redis.keys("*:sold:*").len() == 6).await;
    let (greedy, others) = tokens.split_first().unwrap();
    let mut answers = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..150 {
        *answers.entry(processes[number % 4].status("/weather", greedy).await).or_default() += 1;
    }
    assert!(answers.keys().all(|status| [200, 429].contains(status)), "{answers:?}");
    assert!(answers[&200] >= 10, "{answers:?}");
    let mut calls = 0;
    for round in 0..4 {
        for (number, other) in others.iter().enumerate() {
            let status = processes[(number + round) % 4].status("/weather", other).await;
            assert_eq!(status, 200, "{calls} calls after the greedy one's {answers:?}");
            calls += 1;
        }
    }
}
