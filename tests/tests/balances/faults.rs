//! What goes wrong around a running handler with Redis: it is away, a process is frozen. However it
//! goes, a payment is answered once, and whoever is not answered keeps it.

use std::time::Duration;

use l402_actix::l402_server::VerifyRequest;
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::redis::Redis;

use super::{
    eventually,
    processes::Process,
    tries,
    tries::{Payment, Try, tried},
};

/// The server's is two seconds.
const LONGER_THAN_THE_LEASE: Duration = Duration::from_secs(5);

pub(super) const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// Asks until it is said whether the payment is used up.
pub(super) async fn settled(process: &Process, payment: &Payment) -> u16 {
    asked_until(process, payment, |status| ![409, 503].contains(&status)).await
}

async fn asked_until(process: &Process, payment: &Payment, enough: impl Fn(u16) -> bool) -> u16 {
    let mut status = 0;
    eventually("it is settled", async || {
        status = payment.ask(process).await;
        enough(status)
    })
    .await;
    status
}

#[test]
fn a_process_that_was_frozen_for_longer_than_its_lease_answers_only_if_nobody_else_has() {
    tried(1, async |this| {
        let redis = Redis::start(&DURABLE);
        let sandbox = Sandbox::start().await;
        let store = format!("redis:{}", redis.url());
        let [frozen, other] = [(); 2].map(|()| Process::start(&sandbox, &store));
        let taken = this.buy(&frozen, &sandbox).await;
        let alone = this.buy(&frozen, &sandbox).await;
        other.release().await;
        let asked = [&taken, &alone].map(|payment| tokio::spawn(payment.ask(&frozen)));
        eventually("both handlers run", async || frozen.calls().await == 2).await;
        frozen.signal("-STOP");
        tokio::time::sleep(LONGER_THAN_THE_LEASE).await;
        assert_eq!(taken.ask(&other).await, 200);
        frozen.signal("-CONT");
        frozen.release().await;
        let [taken_here, alone_here] = asked;
        assert_eq!(taken_here.await.unwrap(), 503, "somebody else has answered");
        assert_eq!(alone_here.await.unwrap(), 200, "nobody else has");
        for process in [&frozen, &other] {
            for payment in [&taken, &alone] {
                assert_eq!(settled(process, payment).await, 402);
            }
        }
        assert_eq!((frozen.calls().await, other.calls().await), (2, 1));
    });
}

#[test]
fn redis_away_for_longer_than_the_lease_never_lets_two_processes_answer() {
    tried(1, async |this| redis_goes_while_a_handler_runs::<2>(this).await);
}

#[test]
fn redis_away_for_longer_than_the_lease_never_lets_one_process_answer_twice() {
    tried(1, async |this| redis_goes_while_a_handler_runs::<1>(this).await);
}

async fn redis_goes_while_a_handler_runs<const PROCESSES: usize>(this: Try) {
    let mut redis = Redis::start(&DURABLE);
    let sandbox = Sandbox::start().await;
    let store = format!("redis:{}", redis.url());
    let processes = [(); PROCESSES].map(|()| Process::start(&sandbox, &store));
    let first = &processes[0];
    let payment = this.buy(first, &sandbox).await;
    for other in &processes[1..] {
        other.release().await;
    }
    let asked = tokio::spawn(payment.ask(first));
    eventually("the handler runs", async || first.calls().await == 1).await;
    redis.kill();
    tokio::time::sleep(LONGER_THAN_THE_LEASE).await;
    for process in &processes {
        assert_eq!(payment.ask(process).await, 503, "whether it is used up cannot be told");
    }
    redis.run(&DURABLE);
    // In the process that holds it, and in the one that does not.
    let mut answers = Vec::new();
    for process in &processes {
        answers.push(asked_until(process, &payment, |status| status != 503).await);
    }
    let is_served = |answers: &[u16]| answers.contains(&200);
    let held = if is_served(&answers) { 402 } else { 409 };
    assert_eq!(answers[0], held, "it knows what it holds: {answers:?}");
    first.release().await;
    answers.push(asked.await.unwrap());
    if !is_served(&answers) {
        let last = &processes[PROCESSES - 1];
        assert_eq!(settled(last, &payment).await, 200, "{answers:?}");
    }
    for process in &processes {
        assert_eq!(settled(process, &payment).await, 402, "{answers:?}");
    }
}

/// The broker of the one tenant says yes to what is no preimage, and names a payment to the other.
#[actix_web::test]
async fn a_broker_that_lies_about_a_hash_touches_nobody_elses_payment_in_a_shared_store() {
    let redis = Redis::start(&DURABLE);
    let [honest, lying] = [Sandbox::start().await, Sandbox::start().await];
    let store = format!("redis:{}", redis.url());
    let [victim, other] = [&honest, &lying].map(|sandbox| Process::start(sandbox, &store));
    for process in [&victim, &other] {
        process.release().await;
    }
    for number in 0..tries() {
        let this = Try::default();
        let [paid, own] = [this.buy(&victim, &honest).await, this.buy(&other, &lying).await];
        let hash = VerifyRequest::from_credential(&paid.credential).unwrap().payment_hash();
        let yes = serde_json::json!({
            "valid": true, "resource": "/once", "amountSats": 100, "paymentHash": hex(&hash.unwrap()),
        });
        lying.fault(Fault::json(yes).on(Endpoint::Verify));
        let (macaroon, _) = own.credential.split_once(':').unwrap();
        let no_preimage = format!("{macaroon}:no-preimage");
        assert_eq!(other.ask(&no_preimage).await, 502, "try {number}");
        for (process, payment) in [(&victim, &paid), (&other, &own)] {
            assert_eq!(settled(process, payment).await, 200, "try {number}");
            assert_eq!(settled(process, payment).await, 402, "try {number}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The empty answer to `HEAD` leaves the payment what it is.
#[actix_web::test]
async fn an_answer_to_head_leaves_a_single_use_payment_for_the_answer() {
    let (redis, sandbox) = (Redis::start(&DURABLE), Sandbox::start().await);
    let server = Process::start(&sandbox, &format!("redis:{}", redis.url()));
    server.release().await;
    for number in 0..tries() {
        let payment = Try::default().buy(&server, &sandbox).await;
        assert_eq!(server.head(&payment.credential).await, 200, "try {number}");
        assert_eq!(settled(&server, &payment).await, 200, "try {number}");
        assert_eq!(settled(&server, &payment).await, 402, "try {number}");
    }
}
