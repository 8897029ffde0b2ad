//! Redis that is away, silent, or full of what nobody can read: no wrong answer, and no panic.

use std::{
    collections::BTreeMap,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use l402_sandbox::Sandbox;
use l402_tests::redis::Redis;

use super::{eventually, garbage, limited, process::Process};

/// Each request asks the broker, so that each one would ask Redis before it.
const ASKS_EACH_TIME: [&str; 2] = ["uncached", "unlimited"];

type Answers = BTreeMap<(&'static str, u16), usize>;

/// Payers, strangers and garbage at both processes until `ends`: who is answered what.
async fn traffic(
    processes: &Rc<[Process; 2]>,
    credential: &str,
    drawing: &str,
    ends: Instant,
) -> Answers {
    let lines = (0..4).map(|line: usize| {
        let (processes, credential) = (Rc::clone(processes), credential.to_owned());
        let drawing = drawing.to_owned();
        rt::spawn(async move {
            let (mut answers, mut number) = (Answers::new(), line * 1_000_000);
            while Instant::now() < ends {
                number += 1;
                let process = &processes[number % 2];
                let mut note = |who, status| *answers.entry((who, status)).or_default() += 1;
                note("payer", process.status("/weather", &credential).await);
                note("stranger", process.ask("/weather", None).await.status);
                note("garbage", process.status("/weather", &garbage(number)).await);
                note("spent", process.status("/draw", &drawing).await);
            }
            answers
        })
    });
    let mut all = Answers::new();
    for line in lines.collect::<Vec<_>>() {
        for (who, times) in line.await.unwrap() {
            *all.entry(who).or_default() += times;
        }
    }
    all
}

#[actix_web::test]
async fn redis_is_killed_and_started_anew_amid_traffic_and_no_answer_is_wrong() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let (sandbox, mut redis) = (Sandbox::start().await, Redis::start(&durable));
    let processes = [(); 2].map(|()| Process::start(&sandbox, &redis, &ASKS_EACH_TIME));
    let credential = processes[0].buy("/weather", &sandbox).await;
    let drawing = processes[0].buy("/draw", &sandbox).await;
    assert_eq!(processes[0].status("/draw", &drawing).await, 200);
    let processes = Rc::new(processes);
    let ends = Instant::now() + Duration::from_secs(16);
    let answers = {
        let (processes, credential) = (Rc::clone(&processes), credential.clone());
        let drawing = drawing.clone();
        rt::spawn(async move { traffic(&processes, &credential, &drawing, ends).await })
    };
    rt::time::sleep(Duration::from_secs(2)).await;
    redis.kill();
    rt::time::sleep(Duration::from_secs(3)).await;
    redis.run(&durable);
    let answers = answers.await.unwrap();
    eprintln!("{answers:?}");
    for ((who, status), times) in &answers {
        let right: &[u16] = match *who {
            "payer" => &[200],
            "stranger" => &[402],
            "garbage" => &[401],
            // What was spent is spent, or it cannot be told.
            _ => &[402, 503],
        };
        assert!(right.contains(status), "{times} x {status} for {who}: {answers:?}");
    }
    assert!(answers.contains_key(&("spent", 503)), "it was away: {answers:?}");
    assert!(answers[&("spent", 402)] > 10, "and came back: {answers:?}");
    for process in processes.iter() {
        assert!((1..=2).contains(&process.logged("Redis cannot be used")), "a line a minute");
        assert_eq!(process.logged("panicked"), 0);
    }
}

#[actix_web::test]
async fn nobody_waits_for_a_redis_that_is_silent() {
    let (sandbox, redis) = (limited().await, Redis::start(&[]));
    let process = Process::start(&sandbox, &redis, &["uncached"]);
    let credential = process.buy("/weather", &sandbox).await;
    let drawing = process.buy("/draw", &sandbox).await;
    redis.freeze();
    let begun = Instant::now();
    assert_eq!(process.status("/weather", &credential).await, 200);
    assert_eq!(process.status("/draw", &drawing).await, 503, "not known whether it is spent");
    for number in 0..4 {
        assert_eq!(process.status("/weather", &credential).await, 200);
        assert_eq!(process.ask("/weather", None).await.status, 402);
        assert_eq!(process.status("/weather", &garbage(number)).await, 401);
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    redis.thaw();
    eventually("it is asked again", async || process.status("/draw", &drawing).await == 200).await;
    assert_eq!(process.status("/draw", &drawing).await, 402);
}

#[actix_web::test]
async fn garbage_and_what_another_version_wrote_are_an_error_in_the_log_and_no_more() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let switches = ["uncached", "reuse"];
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &redis, &switches));
    let _ = one.status("/weather", &garbage(1)).await;
    let credential = one.buy("/weather", &sandbox).await;
    let written = |of: &str| !redis.keys(&format!("*:{of}:*")).is_empty();
    eventually("it is told", async || written("sold") && written("held")).await;
    let keys = redis.keys("*");
    assert!(keys.len() >= 3, "{keys:?}");
    for value in ["", "garbage", "2 00 {}", "1 00 {\"sold\":null,\"accepted\":true}", "\u{ff}"] {
        for key in &keys {
            let _ = redis.command(&["set", key, value, "px", "600000"]);
        }
        assert_eq!(two.status("/weather", &credential).await, 200, "{value}");
        assert_eq!(two.ask("/weather", None).await.status, 402, "{value}");
        assert_eq!(two.status("/weather", &garbage(2)).await, 401, "{value}");
    }
    for key in &keys {
        let _ = redis.command(&["del", key]);
        let _ = redis.command(&["rpush", key, "a list"]);
    }
    assert_eq!(two.status("/weather", &credential).await, 200);
    assert_eq!(two.ask("/weather", None).await.status, 402);
    assert!(two.logged("Redis") > 0, "it is said");
    assert_eq!(two.logged("panicked"), 0);
}
