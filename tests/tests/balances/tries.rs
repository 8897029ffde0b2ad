//! A fault is tried as often as `TRIES` says, in several set-ups at once, and what each payment was
//! answered is counted: an answer too many is something else than a machine that was too busy.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use actix_web::rt::System;
use l402_sandbox::Sandbox;

use super::{processes::Process, setting, tries};

/// Tries mostly wait: for a lease, for a process to start. `AT_ONCE=8` is for a machine that others need.
const AT_ONCE: usize = 24;

/// A payment that is good for one answer, and what it was answered by whichever process.
#[derive(Clone)]
pub(super) struct Payment {
    pub(super) credential: String,
    heard: Arc<Mutex<Vec<u16>>>,
}

impl Payment {
    pub(super) fn ask(&self, process: &Process) -> impl Future<Output = u16> + Send + use<> {
        let (asked, heard) = (process.ask(&self.credential), Arc::clone(&self.heard));
        async move {
            let status = asked.await;
            lock(&heard).push(status);
            status
        }
    }
}

/// One try, with its payments.
#[derive(Clone, Default)]
pub(super) struct Try {
    pub(super) number: usize,
    payments: Arc<Mutex<Vec<Payment>>>,
}

impl Try {
    pub(super) async fn buy(&self, process: &Process, sandbox: &Sandbox) -> Payment {
        let credential = process.buy(sandbox).await;
        let payment = Payment { credential, heard: Arc::default() };
        lock(&self.payments).push(payment.clone());
        payment
    }

    /// What has gone wrong, if anything has. `ended` is how the test itself sees it.
    fn failure(&self, ended: thread::Result<()>) -> Option<Failure> {
        let why = ended.err().map(|cause| words(cause.as_ref()));
        let heard: Vec<_> =
            lock(&self.payments).iter().map(|one| lock(&one.heard).clone()).collect();
        let of = |heard: &Vec<u16>, status| heard.iter().filter(|one| **one == status).count();
        let kind = if heard.iter().any(|heard| of(heard, 200) > 1) {
            Kind::AnsweredTwice
        } else if why.is_none() {
            return None;
        } else if heard.iter().any(|heard| of(heard, 402) > 0 && of(heard, 200) == 0) {
            Kind::AskedToPayAgain
        } else {
            Kind::Undecided
        };
        Some(Failure { number: self.number, kind, heard, why: why.unwrap_or_default() })
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    AnsweredTwice,
    /// A price was heard and no answer; at least until the try was broken off.
    AskedToPayAgain,
    /// No payment was answered too often, and something else was not as it should be: mostly it has
    /// taken too long.
    Undecided,
}

struct Failure {
    number: usize,
    kind: Kind,
    heard: Vec<Vec<u16>>,
    why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, kind, heard, why } = self;
        write!(f, "try {number}: {kind:?}; its payments heard {heard:?}; {why}")
    }
}

/// Tries it as often as `TRIES` says and at least so often, each time in a set-up of its own.
pub(super) fn tried(at_least: usize, a_try: impl AsyncFn(Try) + Sync) {
    let (tries, next, begun) = (tries().max(at_least), AtomicUsize::new(0), Instant::now());
    let failures = Mutex::new(Vec::new());
    let line = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= tries {
                return;
            }
            let this = Try { number, ..Try::default() };
            let run = || System::new().block_on(a_try(this.clone()));
            let failure = this.failure(catch_unwind(AssertUnwindSafe(run)));
            lock(&failures).extend(failure);
        }
    };
    thread::scope(|scope| {
        for _ in 0..setting("AT_ONCE").unwrap_or(AT_ONCE).min(tries) {
            scope.spawn(line);
        }
    });
    let failures = lock(&failures);
    let of = |kind| failures.iter().filter(|failure| failure.kind == kind).count();
    let summary = format!(
        "{tries} tries in {} s: {} payments answered twice, {} asked for again, {} tries undecided",
        begun.elapsed().as_secs(),
        of(Kind::AnsweredTwice),
        of(Kind::AskedToPayAgain),
        of(Kind::Undecided),
    );
    println!("{}: {summary}", thread::current().name().unwrap_or_default());
    let list: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{summary}\n{}", list.join("\n"));
}

fn words(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What tells the failures apart, which a run without one never shows.
#[test]
fn an_answer_too_many_is_told_from_a_try_that_took_too_long() {
    let heard = |statuses: &[u16]| {
        let heard = Arc::new(Mutex::new(statuses.to_vec()));
        let payment = Payment { credential: String::new(), heard };
        Try { number: 0, payments: Arc::new(Mutex::new(vec![payment])) }
    };
    let kind = |statuses: &[u16], ended| heard(statuses).failure(ended).map(|failure| failure.kind);
    let late = || Err(Box::new("not after 30 s") as Box<dyn Any + Send>);
    assert_eq!(kind(&[503, 200, 402], Ok(())), None);
    assert_eq!(kind(&[200, 409, 200], Ok(())), Some(Kind::AnsweredTwice));
    assert_eq!(kind(&[200, 409, 200], late()), Some(Kind::AnsweredTwice));
    assert_eq!(kind(&[503, 402], late()), Some(Kind::AskedToPayAgain));
    assert_eq!(kind(&[503, 409], late()), Some(Kind::Undecided));
    assert_eq!(kind(&[200, 402], late()), Some(Kind::Undecided));
}
