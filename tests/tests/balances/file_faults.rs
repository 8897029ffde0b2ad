//! What goes wrong around a file of balances: its disk is full or taken away, it is moved, a clock
//! steps. However it goes, a payment is answered once, and whoever is not answered keeps it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use l402_sandbox::Sandbox;
use l402_tests::redis::Redis;

use super::{
    Folder, eventually,
    faults::{DURABLE, settled},
    processes::Process,
    tries::{Payment, Try, tried},
};

/// A server whose file is on a disk of its own, which nobody else sees.
struct OnADisk {
    server: Process,
    disk: PathBuf,
    file: PathBuf,
    _folder: Folder,
}

impl OnADisk {
    fn start(sandbox: &Sandbox) -> Self {
        let folder = Folder::new();
        let [disk, aside] = ["disk", "aside"].map(|name| folder.file(name));
        for place in [&disk, &aside] {
            fs::create_dir(place).unwrap();
        }
        let file = disk.join("balances.redb");
        let server = Process::start_in(
            Command::new("unshare").args(["--map-root-user", "--mount", "sh", "-c"]).args([
                "mount -t tmpfs -o size=3m none \"$1\" && mount --bind \"$1\" \"$0\" && \
                 shift && exec \"$@\"",
                disk.to_str().unwrap(),
                aside.to_str().unwrap(),
                env!("CARGO_BIN_EXE_single_use_server"),
            ]),
            sandbox,
            &format!("redb:{}", file.display()),
        );
        Self { server, disk, file, _folder: folder }
    }

    /// A path of the server's, as everybody else has to name it.
    fn seen(&self, path: &Path) -> PathBuf {
        format!("/proc/{}/root{}", self.server.id(), path.display()).into()
    }

    /// Takes the disk away, although the server has its file open, or brings it back.
    fn mount(&self, there: bool) {
        let (disk, aside) = (&self.disk, self.disk.with_file_name("aside"));
        let mut command = Command::new("nsenter");
        command.args(["--user", "--mount", "--preserve-credentials"]);
        command.args(["--target", &self.server.id().to_string()]);
        if there {
            command.args(["mount", "--bind"]).arg(aside).arg(disk);
        } else {
            command.args(["umount", "--lazy"]).arg(disk);
        }
        assert!(command.status().unwrap().success(), "{command:?}");
    }

    /// Moves the file away, or back.
    fn moved(&self, there: bool) {
        let (file, elsewhere) = (self.seen(&self.file), self.seen(&self.disk.join("elsewhere")));
        if there { fs::rename(elsewhere, file) } else { fs::rename(file, elsewhere) }.unwrap();
    }
}

#[test]
fn a_full_disk_is_answered_503_and_costs_nobody_a_payment() {
    tried(1, async |this| {
        let sandbox = Sandbox::start().await;
        let on = OnADisk::start(&sandbox);
        let server = &on.server;
        server.release().await;
        let mut payments = Vec::new();
        for _ in 0..25 {
            payments.push(this.buy(server, &sandbox).await);
        }
        assert_eq!(payments[0].ask(server).await, 200);

        let inside = on.seen(&on.disk.join("filler"));
        let mut filler = fs::File::create(&inside).unwrap();
        while filler.write_all(&[0; 512]).is_ok() {}
        let mut full = Vec::new();
        for payment in &payments[1..] {
            full.push(payment.ask(server).await);
        }
        assert!(full.iter().all(|status| [200, 503].contains(status)), "{full:?}");
        assert!(full.contains(&503), "it is not full: {full:?}");

        fs::remove_file(&inside).unwrap();
        drop(filler);
        for (payment, before) in payments[1..].iter().zip(full) {
            let now = settled(server, payment).await;
            assert_eq!(now, if before == 200 { 402 } else { 200 });
            assert_eq!(settled(server, payment).await, 402);
        }
    });
}

#[test]
fn a_file_that_is_moved_away_while_a_handler_runs_is_answered_503_until_it_is_back() {
    tried(1, async |this| the_file_goes_while_a_handler_runs(this, OnADisk::moved).await);
}

#[test]
fn a_volume_that_is_unmounted_while_a_handler_runs_is_answered_503_until_it_is_back() {
    tried(1, async |this| the_file_goes_while_a_handler_runs(this, OnADisk::mount).await);
}

async fn the_file_goes_while_a_handler_runs(this: Try, is_there: fn(&OnADisk, bool)) {
    let sandbox = Sandbox::start().await;
    let on = OnADisk::start(&sandbox);
    let server = &on.server;
    let [held, next] = [this.buy(server, &sandbox).await, this.buy(server, &sandbox).await];
    let asked = tokio::spawn(held.ask(server));
    eventually("the handler runs", async || server.calls().await == 1).await;
    is_there(&on, false);
    assert_eq!(held.ask(server).await, 409, "it runs");
    assert_eq!(next.ask(server).await, 503, "whether it is used up cannot be told");
    server.release().await;
    assert_eq!(asked.await.unwrap(), 503, "what its answer costs cannot be written down");
    assert_eq!(next.ask(server).await, 503);
    assert!(!on.seen(&on.file).exists(), "no new file is made");
    is_there(&on, true);
    for payment in [&held, &next] {
        assert_eq!(settled(server, payment).await, 200);
        assert_eq!(settled(server, payment).await, 402);
    }
    // What is used up stays so while the file is away once more.
    is_there(&on, false);
    assert_eq!(held.ask(server).await, 503);
    is_there(&on, true);
    assert_eq!(settled(server, &held).await, 402);
    assert_eq!(server.calls().await, 3);
}

/// How far the server's wall clock is off, which it looks up each time it asks for it.
struct Clock(PathBuf);

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
        // In one piece: the server may look while it is written.
        let anew = self.0.with_extension("anew");
        fs::write(&anew, format!("{seconds:+}")).unwrap();
        fs::rename(anew, &self.0).unwrap();
    }
}

/// Holds are kept by no clock, or by one that no step changes.
#[test]
fn a_wall_clock_that_steps_while_a_handler_runs_lets_nobody_in_twice() {
    const STEPS: [i64; 5] = [60, -60, 3 * 3600, -3 * 3600, 30 * 3600];
    let redis = Redis::start(&DURABLE);
    tried(STEPS.len(), async |this| {
        let folder = Folder::new();
        let file = folder.file("balances.redb");
        for store in [format!("redb:{}", file.display()), format!("redis:{}", redis.url())] {
            let sandbox = Sandbox::start().await;
            let clock = Clock(folder.file("clock"));
            let server = clock.start(&sandbox, &store);
            let payment = this.buy(&server, &sandbox).await;
            let used_up = server.buy_at("/slow", &sandbox).await;
            for status in [200, 200, 200, 402] {
                assert_eq!(server.ask_at("/slow?0", &used_up).await, status);
            }
            let seconds = STEPS[this.number % STEPS.len()];
            the_clock_steps(&clock, seconds, &server, &payment).await;
            assert_eq!(server.ask_at("/slow?0", &used_up).await, 402, "{store} {seconds}");
        }
    });
}

async fn the_clock_steps(clock: &Clock, seconds: i64, server: &Process, payment: &Payment) {
    let before = server.now().await;
    let asked = tokio::spawn(payment.ask(server));
    eventually("the handler runs", async || server.calls().await == 1).await;
    clock.step(seconds);
    let stepped = server.now().await - before;
    assert!((stepped - seconds).abs() < 30, "its clock has stepped: {stepped}");
    for _ in 0..3 {
        assert_eq!(payment.ask(server).await, 409, "{seconds}");
    }
    server.release().await;
    assert_eq!(asked.await.unwrap(), 200);
    for seconds in [0, seconds] {
        clock.step(seconds);
        assert_eq!(payment.ask(server).await, 402, "{seconds}");
    }
    assert_eq!(server.calls().await, 1);
}
