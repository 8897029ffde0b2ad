//! Redis that comes back from an older copy of its file.

use l402_sandbox::Sandbox;
use l402_tests::{pay, redis::Redis};

use super::{eventually, process::Process};

const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// It has forgotten who has paid and been accepted, and what challenges are paid.
#[actix_web::test]
async fn who_has_paid_is_served_and_nobody_is_handed_a_paid_invoice_after_redis_forgot_a_second() {
    let (sandbox, mut redis) = (Sandbox::start().await, Redis::start(&DURABLE));
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &["reuse", "uncached"]));
    let answer = one.ask("/weather", None).await;
    let held = answer.json()["paymentHash"].as_str().unwrap().to_owned();
    assert_eq!(two.offered().await, held);
    eventually("it is told", async || redis.keys("*:held:*").len() == 1).await;
    let copy = redis.copy();
    let paid = pay(&sandbox, &answer.headers);
    assert_eq!(two.status("/weather", &paid).await, 200);
    eventually("it is told", async || redis.keys("*:held:*").is_empty()).await;
    redis.restore(&copy, &DURABLE);
    assert_eq!(redis.keys("*:held:*").len(), 1, "it is as it was");

    for _ in 0..3 {
        for process in [&two, &one] {
            assert_ne!(process.offered().await, held);
            assert_eq!(process.status("/weather", &paid).await, 200);
        }
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    }
    let anew = Process::start(&sandbox, &redis, &["reuse", "uncached"]);
    assert_ne!(anew.offered().await, held);
}
