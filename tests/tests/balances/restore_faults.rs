//! A store that comes back older than it was, or whose clock steps. What it has forgotten nobody here can
//! tell from what never was; so these show how little that is, and that nothing else goes wrong.

use std::{fs, time::Duration};

use l402_sandbox::Sandbox;
use l402_tests::redis::Redis;

use super::{
    Folder, eventually,
    faults::{DURABLE, settled},
    processes::Process,
    scopes::by_mpp,
    tries::tried,
};

/// What the servers' store has.
const LEASE: Duration = Duration::from_secs(2);

/// A payment that has been answered.
async fn answered(process: &Process, sandbox: &Sandbox) -> String {
    let credential = process.buy(sandbox).await;
    assert_eq!(process.ask(&credential).await, 200);
    credential
}

/// Until it is said whether the payment is used up.
async fn asked(process: &Process, credential: &str) -> u16 {
    let mut status = 0;
    eventually("it is settled", async || {
        status = process.ask(credential).await;
        ![409, 503].contains(&status)
    })
    .await;
    status
}

#[actix_web::test]
async fn what_was_drawn_since_the_copy_of_a_file_can_be_drawn_once_more_and_nothing_else() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let (file, copy) = (folder.file("balances.redb"), folder.file("copy"));
    let mut server = Process::on_file(&sandbox, &file);
    server.release().await;
    let before = answered(&server, &sandbox).await;
    server.kill();
    fs::copy(&file, &copy).unwrap();

    let mut server = Process::on_file(&sandbox, &file);
    server.release().await;
    let since = answered(&server, &sandbox).await;
    let paid_by_mpp = by_mpp(&server.buy(&sandbox).await);
    assert_eq!(server.ask(&paid_by_mpp).await, 200);
    let not_drawn = server.buy(&sandbox).await;
    server.kill();
    fs::copy(&copy, &file).unwrap();

    let server = Process::on_file(&sandbox, &file);
    server.release().await;
    assert_eq!(server.ask(&before).await, 402);
    for credential in [&since, &not_drawn] {
        assert_eq!(server.ask(credential).await, 200, "it is as if it had not been drawn from");
        assert_eq!(server.ask(credential).await, 402);
    }
    assert_eq!(
        server.ask(&paid_by_mpp).await,
        402,
        "the broker takes it once, and it was answered"
    );
    let new = answered(&server, &sandbox).await;
    assert_eq!(server.ask(&new).await, 402);
    assert_eq!(server.calls().await, 3);
}

/// The processes go on: what they know themselves they still know.
#[actix_web::test]
async fn what_was_drawn_in_the_second_that_redis_lost_can_be_drawn_once_more_and_nothing_else() {
    let (mut redis, sandbox) = (Redis::start(&DURABLE), Sandbox::start().await);
    let store = format!("redis:{}", redis.url());
    let [holding, other] = [(); 2].map(|()| Process::start(&sandbox, &store));
    other.release().await;
    let before = answered(&other, &sandbox).await;
    let held_before = holding.buy(&sandbox).await;
    let held_since = holding.buy(&sandbox).await;
    let first = tokio::spawn(holding.ask(&held_before));
    eventually("the handler runs", async || holding.calls().await == 1).await;
    let copy = redis.copy();
    let since = answered(&other, &sandbox).await;
    let second = tokio::spawn(holding.ask(&held_since));
    eventually("both handlers run", async || holding.calls().await == 2).await;
    redis.restore(&copy, &DURABLE);

    // What is held, and what is drawn since, at whichever process is asked.
    let mut answers = vec![asked(&other, &since).await];
    for process in [&other, &holding] {
        answers.push(asked(process, &since).await);
        assert_eq!(asked(process, &before).await, 402);
    }
    assert_eq!(answers, [200, 402, 402], "drawn once more");
    // Until its lease is out a process takes for granted that Redis has what it has said.
    tokio::time::sleep(LEASE).await;
    assert_eq!(holding.ask(&held_since).await, 409, "it knows what it holds");
    holding.release().await;
    for (running, credential) in [(first, &held_before), (second, &held_since)] {
        let running = running.await.unwrap();
        let after = asked(&other, credential).await;
        assert!(matches!((running, after), (200, 402) | (503, 200)), "{running}, {after}");
        for process in [&other, &holding] {
            assert_eq!(asked(process, credential).await, 402);
        }
    }
}

/// Moves all times in Redis, which is what a step of its clock is for what reads them: how long leases
/// have to run, and when keys expire.
const STEP: &str = r"
    for _, key in ipairs(redis.call('KEYS', '*:balance:*')) do
        local fields = redis.call('HGETALL', key)
        for place = 1, #fields, 2 do
            local start, till, rest = string.match(fields[place + 1], '^(%d+ %d+ )(%d+)(.*)$')
            if till then
                local moved = string.format('%.0f', tonumber(till) - ARGV[1])
                redis.call('HSET', key, fields[place], start .. moved .. rest)
            end
        end
        redis.call('PEXPIRE', key, string.format('%.0f', redis.call('PTTL', key) - ARGV[1]))
    end
    return 'stepped'";

/// As where the machine of Redis has its clock put right, and a process is killed then.
#[test]
fn a_clock_of_redis_that_steps_lets_nobody_in_twice_and_keeps_nobody_out() {
    const STEPS: [i64; 4] = [60, -60, 3 * 3600, -3 * 3600];
    tried(STEPS.len(), async |this| {
        let (redis, sandbox) = (Redis::start(&DURABLE), Sandbox::start().await);
        let store = format!("redis:{}", redis.url());
        let [holding, other] = [(); 2].map(|()| Process::start(&sandbox, &store));
        let mut killed = Process::start(&sandbox, &store);
        other.release().await;
        let used_up = this.buy(&other, &sandbox).await;
        assert_eq!(used_up.ask(&other).await, 200);
        let held = this.buy(&holding, &sandbox).await;
        let freed = this.buy(&killed, &sandbox).await;
        let running = tokio::spawn(held.ask(&holding));
        let lost = tokio::spawn(freed.ask(&killed));
        eventually("the handlers run", async || {
            (holding.calls().await, killed.calls().await) == (1, 1)
        })
        .await;
        killed.kill();
        assert_eq!(lost.await.unwrap(), 0);
        let seconds = STEPS[this.number % STEPS.len()];
        let by = (seconds * 1000).to_string();
        assert_eq!(redis.command(&["eval", STEP, "0", &by]).trim(), "stepped");

        assert_eq!(used_up.ask(&other).await, 402, "{seconds}");
        let early = held.ask(&other).await;
        assert!([409, 200].contains(&early), "{seconds}: {early}");
        holding.release().await;
        let running = running.await.unwrap();
        assert_eq!(running, if early == 200 { 503 } else { 200 }, "{seconds}");
        assert_eq!(settled(&other, &freed).await, 200, "{seconds}: its holder is dead");
        for process in [&holding, &other] {
            for payment in [&used_up, &held, &freed] {
                assert_eq!(settled(process, payment).await, 402, "{seconds}");
            }
        }
    });
}
