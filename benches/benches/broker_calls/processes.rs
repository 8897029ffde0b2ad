//! Processes of one API, the broker that they share, and whoever asks them.

use std::{
    cell::Cell,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use actix_web::rt;
use l402_sandbox::Sandbox;
use l402_tests::raw::{self, RawAnswer};

use crate::report::{Tally, calls};

/// The hosted broker's limit.
const LIMIT: u32 = 100;

/// Where all clients are that have no address of their own.
pub(crate) const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// An address of this machine, another one for each number.
pub(crate) fn address(number: usize) -> Ipv4Addr {
    let [high, low] = u16::try_from(number % 62_500).unwrap().to_be_bytes();
    Ipv4Addr::new(127, 1 + high, low, 1)
}

/// An API of some processes behind a round robin, and their broker.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    processes: Vec<Process>,
    turn: Cell<usize>,
}

impl Shop {
    /// With the settings as they come, but for the switches. Several processes share nothing but
    /// the broker; a shared state would be one more switch.
    pub(crate) async fn open(processes: usize, switches: &'static [&str]) -> Rc<Self> {
        let sandbox = Self::sandbox().await;
        let url = sandbox.url().to_owned();
        Self::with(sandbox, url, processes, switches).await
    }

    pub(crate) async fn sandbox() -> Sandbox {
        Sandbox::builder().rate_limit(LIMIT).start().await.unwrap()
    }

    /// The broker may be reached at another URL than the sandbox's own.
    pub(crate) async fn with(
        sandbox: Sandbox,
        broker: String,
        processes: usize,
        switches: &'static [&str],
    ) -> Rc<Self> {
        let key = sandbox.api_key().to_owned();
        let start = move || {
            (0..processes).map(|_| Process::start(&broker, &key, switches)).collect::<Vec<_>>()
        };
        let processes = rt::task::spawn_blocking(start).await.unwrap();
        Rc::new(Self { sandbox, processes, turn: Cell::new(0) })
    }

    /// The one whose turn it is.
    pub(crate) fn next(&self) -> &Process {
        self.turn.set((self.turn.get() + 1) % self.processes.len());
        &self.processes[self.turn.get()]
    }

    pub(crate) fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Asks the process whose turn it is.
    pub(crate) async fn ask(&self, from: Ipv4Addr, path: &str, token: Option<&str>) -> RawAnswer {
        self.next().ask(from, path, token).await
    }

    /// Asks for `path`, notes the answer, pays, and returns the credential; `None` if nothing is sold.
    pub(crate) async fn buy(
        &self,
        from: Ipv4Addr,
        path: &str,
        answers: &mut Tally,
    ) -> Option<String> {
        self.buy_at(self.next(), from, path, answers).await
    }

    pub(crate) async fn buy_at(
        &self,
        process: &Process,
        from: Ipv4Addr,
        path: &str,
        answers: &mut Tally,
    ) -> Option<String> {
        let answer = process.ask(from, path, None).await;
        answers.note(answer.status);
        (answer.status == 402).then(|| self.sandbox.pay_challenge(answer.headers()).unwrap())
    }

    /// The broker calls so far.
    pub(crate) fn calls(&self) -> String {
        calls(self.sandbox.mints(), self.sandbox.verifies())
    }

    /// The warnings that each process has written.
    pub(crate) fn warnings(&self) -> Vec<usize> {
        self.processes.iter().map(|process| process.warnings.load(Ordering::SeqCst)).collect()
    }
}

/// One process of the API; it ends with this value.
pub(crate) struct Process {
    child: Child,
    at: SocketAddr,
    warnings: Arc<AtomicUsize>,
}

impl Process {
    fn start(broker: &str, key: &str, switches: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gated-api"))
            .args([broker, key])
            .args(switches)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let warnings = Arc::new(AtomicUsize::new(0));
        let (log, counted) = (child.stderr.take().unwrap(), Arc::clone(&warnings));
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if line.contains(" WARN ") {
                    counted.fetch_add(1, Ordering::SeqCst);
                } else {
                    eprintln!("{line}");
                }
            }
        });
        Self { child, at: line.trim().parse().expect("a process that serves"), warnings }
    }

    pub(crate) async fn ask(&self, from: Ipv4Addr, path: &str, token: Option<&str>) -> RawAnswer {
        let answer = raw::get_from(from, self.at, path.as_bytes(), token).await;
        answer.unwrap().expect("an answer")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing of it is left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
