//! What goes wrong around a running handler: Redis away, a process frozen, a disk full. However it
//! goes, a payment is answered once, and whoever is not answered keeps it.

use std::{fs, io::Write as _, process::Command, time::Duration};

use l402_sandbox::Sandbox;
use l402_tests::redis::Redis;

use super::{Folder, eventually, processes::Process};

/// The server's is two seconds.
const LONGER_THAN_THE_LEASE: Duration = Duration::from_secs(5);

/// How often each is tried, for a run that takes its time: `TRIES=1000`.
fn tries() -> usize {
    std::env::var("TRIES").ok().and_then(|tries| tries.parse().ok()).unwrap_or(1)
}

const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// Asks until it is said whether the payment is used up.
async fn settled(process: &Process, credential: &str) -> u16 {
    let mut status = 0;
    eventually("it is settled", async || {
        status = process.ask(credential).await;
        ![409, 503].contains(&status)
    })
    .await;
    status
}

#[actix_web::test]
async fn a_process_that_was_frozen_for_longer_than_its_lease_answers_only_if_nobody_else_has() {
    for _ in 0..tries() {
        let redis = Redis::start(&DURABLE);
        let sandbox = Sandbox::start().await;
        let store = format!("redis:{}", redis.url());
        let [frozen, other] = [(); 2].map(|()| Process::start(&sandbox, &store));
        let (taken, alone) = (frozen.buy(&sandbox).await, frozen.buy(&sandbox).await);
        other.release().await;
        let mut asked = frozen.crowd(1, &taken);
        asked.spawn(frozen.ask(&alone));
        eventually("both handlers run", async || frozen.calls().await == 2).await;
        frozen.signal("-STOP");
        tokio::time::sleep(LONGER_THAN_THE_LEASE).await;
        assert_eq!(other.ask(&taken).await, 200);
        frozen.signal("-CONT");
        frozen.release().await;
        let mut statuses = asked.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 503], "the one that nobody else has answered, and the other");
        for process in [&frozen, &other] {
            for credential in [&taken, &alone] {
                assert_eq!(settled(process, credential).await, 402);
            }
        }
        assert_eq!((frozen.calls().await, other.calls().await), (2, 1));
    }
}

#[actix_web::test]
async fn redis_away_for_longer_than_the_lease_never_lets_two_processes_answer() {
    for _ in 0..tries() {
        let mut redis = Redis::start(&DURABLE);
        let sandbox = Sandbox::start().await;
        let store = format!("redis:{}", redis.url());
        let [first, second] = [(); 2].map(|()| Process::start(&sandbox, &store));
        let credential = first.buy(&sandbox).await;
        second.release().await;
        let asked = first.crowd(1, &credential);
        eventually("the handler runs", async || first.calls().await == 1).await;
        redis.kill();
        tokio::time::sleep(LONGER_THAN_THE_LEASE).await;
        for process in [&first, &second] {
            assert_eq!(process.ask(&credential).await, 503, "whether it is used up cannot be told");
        }
        redis.run(&DURABLE);
        // In the process that holds it, and in the one that does not.
        let again = [settled_or_held(&first, &credential), settled_or_held(&second, &credential)];
        let [here, there] = again;
        let (here, there) = (here.await, there.await);
        assert_eq!(here, if there == 200 { 402 } else { 409 }, "it knows what it holds");
        first.release().await;
        let [answer] = asked.join_all().await.try_into().unwrap();
        let answers = [answer, here, there];
        let served = answers.iter().filter(|status| **status == 200).count();
        assert!(served <= 1, "{answers:?}");
        if served == 0 {
            assert_eq!(settled(&second, &credential).await, 200, "{answers:?}");
        }
        assert_eq!(settled(&first, &credential).await, 402);
        assert_eq!(settled(&second, &credential).await, 402);
    }
}

/// Asks until Redis is back.
async fn settled_or_held(process: &Process, credential: &str) -> u16 {
    let mut status = 503;
    eventually("Redis is back", async || {
        status = process.ask(credential).await;
        status != 503
    })
    .await;
    status
}

/// On a disk of its own, which has no room left.
#[actix_web::test]
async fn a_full_disk_is_answered_503_and_costs_nobody_a_payment() {
    const SIZE: &str = "size=3m";
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let disk = folder.file("disk");
    fs::create_dir(&disk).unwrap();
    let server = Process::start_in(
        Command::new("unshare").args(["--map-root-user", "--mount", "sh", "-c"]).args([
            &format!("mount -t tmpfs -o {SIZE} none \"$0\" && exec \"$@\""),
            disk.to_str().unwrap(),
            env!("CARGO_BIN_EXE_single_use_server"),
        ]),
        &sandbox,
        &format!("redb:{}", disk.join("balances.redb").display()),
    );
    server.release().await;
    let mut credentials = Vec::new();
    for _ in 0..60 {
        credentials.push(server.buy(&sandbox).await);
    }
    assert_eq!(server.ask(&credentials[0]).await, 200);

    let inside = format!("/proc/{}/root{}/filler", server.id(), disk.display());
    let mut filler = fs::File::create(&inside).unwrap();
    while filler.write_all(&[0; 512]).is_ok() {}
    let mut full = Vec::new();
    for credential in &credentials[1..] {
        full.push(server.ask(credential).await);
    }
    assert!(full.iter().all(|status| [200, 503].contains(status)), "{full:?}");
    assert!(full.contains(&503), "it is not full: {full:?}");

    fs::remove_file(&inside).unwrap();
    drop(filler);
    for (credential, before) in credentials[1..].iter().zip(full) {
        let now = settled(&server, credential).await;
        assert_eq!(now, if before == 200 { 402 } else { 200 });
        assert_eq!(settled(&server, credential).await, 402);
    }
}

/// How far the server's wall clock is off, which it looks up each time it asks for it.
struct Clock(std::path::PathBuf);

impl Clock {
    /// A server with such a clock. What it waits for goes by another clock, which no step changes.
    fn start(&self, sandbox: &Sandbox, store: &str) -> Process {
        let mut libraries = fs::read_dir("/usr/lib").unwrap().filter_map(|folder| {
            let library = folder.ok()?.path().join("faketime/libfaketimeMT.so.1");
            library.exists().then_some(library)
        });
        let library = libraries.next().expect("libfaketime is installed");
        self.step(0);
        let mut command = Command::new("env");
        command
            .arg(format!("LD_PRELOAD={}", library.display()))
            .arg(format!("FAKETIME_TIMESTAMP_FILE={}", self.0.display()))
            .args(["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"])
            .arg(env!("CARGO_BIN_EXE_single_use_server"));
        Process::start_in(&mut command, sandbox, store)
    }

    fn step(&self, seconds: i64) {
        fs::write(&self.0, format!("{seconds:+}")).unwrap();
    }
}

/// Holds are kept by no clock, or by one that no step changes.
#[actix_web::test]
async fn a_wall_clock_that_steps_while_a_handler_runs_lets_nobody_in_twice() {
    let (redis, folder) = (Redis::start(&DURABLE), Folder::new());
    for (number, seconds) in [60, -60, 3 * 3600, -3 * 3600].into_iter().enumerate() {
        let file = folder.file(&format!("{number}.redb"));
        for store in [format!("redb:{}", file.display()), format!("redis:{}", redis.url())] {
            let sandbox = Sandbox::start().await;
            let clock = Clock(folder.file("clock"));
            let server = clock.start(&sandbox, &store);
            let credential = server.buy(&sandbox).await;
            let before = server.now().await;
            let asked = tokio::spawn(server.ask(&credential));
            eventually("the handler runs", async || server.calls().await == 1).await;
            clock.step(seconds);
            let stepped = server.now().await - before;
            assert!((stepped - seconds).abs() < 30, "its clock has stepped: {stepped}");
            for _ in 0..3 {
                assert_eq!(server.ask(&credential).await, 409, "{seconds} {store}");
            }
            server.release().await;
            assert_eq!(asked.await.unwrap(), 200);
            for seconds in [0, seconds] {
                clock.step(seconds);
                assert_eq!(server.ask(&credential).await, 402, "{seconds} {store}");
            }
            assert_eq!(server.calls().await, 1);
        }
    }
}
