//! Processes of one API, the broker that they share, and whoever asks them.

use std::{
    cell::{Cell, RefCell},
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use actix_web::rt;
use l402_sandbox::Sandbox;
use l402_tests::{
    raw::{self, RawAnswer},
    redis::Redis,
};

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

/// How many processes, and whether they share state through Redis.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    pub(crate) processes: usize,
    pub(crate) shared: bool,
}

/// An API of some processes behind a round robin, and their broker.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    processes: RefCell<Vec<Rc<Process>>>,
    turn: Cell<usize>,
    start: Arc<dyn Fn() -> Process + Send + Sync>,
    _redis: Option<Redis>,
}

impl Shop {
    /// With the settings as they come, but for the switches.
    pub(crate) async fn open(api: Api, switches: &'static [&str]) -> Rc<Self> {
        let sandbox = Self::sandbox().await;
        let url = sandbox.url().to_owned();
        Self::with(sandbox, url, api, switches).await
    }

    pub(crate) async fn sandbox() -> Sandbox {
        Sandbox::builder().rate_limit(LIMIT).start().await.unwrap()
    }

    /// The broker may be reached at another URL than the sandbox's own.
    pub(crate) async fn with(
        sandbox: Sandbox,
        broker: String,
        api: Api,
        switches: &'static [&str],
    ) -> Rc<Self> {
        let key = sandbox.api_key().to_owned();
        let started = rt::task::spawn_blocking(move || {
            let redis = api.shared.then(|| Redis::start(&[]));
            let url = redis.as_ref().map(Redis::url);
            let start = move || Process::start(&broker, &key, url.as_deref(), switches);
            let processes: Vec<_> = (0..api.processes).map(|_| start()).collect();
            (redis, Arc::new(start), processes)
        });
        let (redis, start, processes) = started.await.unwrap();
        let processes = RefCell::new(processes.into_iter().map(Rc::new).collect());
        Rc::new(Self { sandbox, processes, turn: Cell::new(0), start, _redis: redis })
    }

    /// The one whose turn it is.
    pub(crate) fn next(&self) -> Rc<Process> {
        let processes = self.processes.borrow();
        self.turn.set((self.turn.get() + 1) % processes.len());
        Rc::clone(&processes[self.turn.get()])
    }

    pub(crate) fn process(&self, number: usize) -> Rc<Process> {
        Rc::clone(&self.processes.borrow()[number])
    }

    /// Starts one anew, as a deployment does: the new one is there before the old one goes, which has
    /// a moment for what it has begun.
    pub(crate) async fn restart(&self, number: usize) {
        let start = Arc::clone(&self.start);
        let anew = rt::task::spawn_blocking(move || start()).await.unwrap();
        let old = std::mem::replace(&mut self.processes.borrow_mut()[number], Rc::new(anew));
        rt::time::sleep(Duration::from_secs(2)).await;
        drop(old);
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
        self.buy_at(&self.next(), from, path, answers).await
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
        let processes = self.processes.borrow();
        processes.iter().map(|process| process.warnings.load(Ordering::SeqCst)).collect()
    }
}

/// One process of the API; it ends with this value.
pub(crate) struct Process {
    child: Child,
    at: SocketAddr,
    warnings: Arc<AtomicUsize>,
}

impl Process {
    fn start(broker: &str, key: &str, redis: Option<&str>, switches: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gated-api"))
            .args([broker, key])
            .args(redis.map(|url| format!("--redis={url}")))
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
