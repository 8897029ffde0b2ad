//! What is wrong with the broker at which time, and which answers that makes right.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use l402_sandbox::{Fault, Sandbox};

/// A state of the broker: how to bring it about, and what a gated route then answers where it
/// needs a mint and where it needs a verification. `None`: as if nothing were wrong.
struct State {
    name: &'static str,
    fault: fn() -> Option<Fault>,
    answers: Option<[u16; 2]>,
}

const fn well() -> State {
    State { name: "well", fault: || None, answers: None }
}

const fn ill(name: &'static str, fault: fn() -> Option<Fault>, mint: u16, verify: u16) -> State {
    State { name, fault, answers: Some([mint, verify]) }
}

const STATES: [State; 22] = [
    well(),
    ill("500", || Some(Fault::status(500)), 502, 502),
    well(),
    ill("429", || Some(Fault::status(429).header("Retry-After", "3")), 503, 503),
    well(),
    ill("hangs", || Some(Fault::hang()), 504, 504),
    well(),
    ill("resets", || Some(Fault::reset()), 502, 502),
    well(),
    ill("400", || Some(Fault::status(400)), 502, 401),
    well(),
    ill("drips", || Some(Fault::drip(Duration::from_millis(100))), 504, 504),
    well(),
    ill("HTML", || Some(Fault::garbage()), 502, 502),
    State { name: "slow", fault: || Some(Fault::delay(Duration::from_millis(300))), answers: None },
    ill("breaks off", || Some(Fault::truncated()), 502, 502),
    well(),
    ill("503", || Some(Fault::status(503)), 503, 503),
    well(),
    ill("256 MiB", || Some(Fault::oversize()), 502, 502),
    well(),
    ill("401", || Some(Fault::status(401)), 502, 502),
];

/// The broker's state, and how often it has changed.
pub(crate) struct Illness(Mutex<(usize, usize)>);

/// The state at one moment.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    changes: usize,
    state: usize,
}

impl Illness {
    pub(crate) fn none() -> Self {
        Self(Mutex::new((0, 0)))
    }

    fn lock(&self) -> MutexGuard<'_, (usize, usize)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Moment {
        let (changes, state) = *self.lock();
        Moment { changes, state }
    }

    pub(crate) fn next(&self, sandbox: &Sandbox) {
        let state = (self.lock().1 + 1) % STATES.len();
        self.set(sandbox, state);
    }

    pub(crate) fn end(&self, sandbox: &Sandbox) {
        self.set(sandbox, 0);
    }

    fn set(&self, sandbox: &Sandbox, state: usize) {
        let mut current = self.lock();
        sandbox.clear_faults();
        if let Some(fault) = (STATES[state].fault)() {
            sandbox.fault(fault.always());
        }
        // Under the lock: whoever looks sees the state before or the one after, and that it has
        // changed in between.
        *current = (current.0 + 1, state);
    }
}

impl Moment {
    pub(crate) fn name(self) -> &'static str {
        STATES[self.state].name
    }

    /// Whether the broker does what it is asked, and its answer is lost.
    pub(crate) fn breaks_off(self) -> bool {
        self.name() == "breaks off"
    }
}

/// The statuses that are right for a request that began at the one moment and ended at the other:
/// `well` is what it is answered by a broker in order.
pub(crate) fn right(
    begun: Moment,
    ended: Moment,
    well: u16,
    minted: bool,
    verified: bool,
) -> Vec<u16> {
    let mut right = Vec::new();
    for moment in [begun, ended] {
        match STATES[moment.state].answers {
            None => right.push(well),
            Some([mint, verify]) => {
                // A verification that fails ends it; a mint comes after.
                if verified {
                    right.push(verify);
                } else if minted {
                    right.push(mint);
                }
            }
        }
    }
    if begun != ended {
        right.push(well);
        // Verified before the change, minted after it.
        right.extend(
            [begun, ended]
                .iter()
                .filter(|_| minted)
                .filter_map(|moment| STATES[moment.state].answers.map(|[mint, _]| mint)),
        );
    }
    right
}
