//! A payment, and the law of what its payer gets for it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    api::{SENT, TIMEOUT, UNITS, USES},
    fleet::Life,
    town::Asked,
};

/// How long what a killed process had held is out of use: the lease, and a little.
const LEASE: Duration = Duration::from_secs(45);

/// How long after an answer it may not be settled yet.
const SETTLING: Duration = Duration::from_secs(5);

/// How long it may take until a process has undone what it could not write down.
const UNDONE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Opens its route as often as it is presented.
    Plain,
    Once,
    Pack,
    Metered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Token,
    Mpp,
    /// A token that a browser's cookie is made of.
    Cookie,
}

/// What may have been drawn and was not sent. It is undone, unless its process is killed before it can.
pub(crate) struct Doubt {
    pub(crate) life: Arc<Life>,
    pub(crate) at: Instant,
    pub(crate) of: u64,
}

pub(crate) struct Payment {
    pub(crate) kind: Kind,
    pub(crate) form: Form,
    pub(crate) credential: String,
    pub(crate) cookie: Option<String>,
    /// How many answers or units its payer has got.
    pub(crate) got: u64,
    /// How many may have been drawn for answers that ended with a killed process.
    pub(crate) cut_off: u64,
    /// What failed or was cut off while Redis was away.
    pub(crate) doubtful: Vec<Doubt>,
    /// Requests that wait for their answer.
    pub(crate) in_flight: u64,
    /// When the last one ended, and when the last one that left something held.
    pub(crate) ended: Option<Instant>,
    pub(crate) left_held: Option<Instant>,
    /// When it was last too late for an answer: a call about an MPP payment goes on without its request,
    /// and who comes next waits for it.
    pub(crate) too_late: Option<Instant>,
    /// Whether the broker has perhaps taken it, as an MPP payment, and its answer was lost.
    pub(crate) is_perhaps_taken: bool,
    /// Whether it may have been sold while nobody but its seller could know.
    pub(crate) may_be_unknown: bool,
    pub(crate) is_closed: bool,
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = |at: Option<Instant>| at.map(|at| at.elapsed());
        f.debug_struct("Payment")
            .field("kind", &self.kind)
            .field("form", &self.form)
            .field("got", &self.got)
            .field("cut_off", &self.cut_off)
            .field("killed", &self.killed())
            .field("doubtful", &self.doubtful.len())
            .field("in_flight", &self.in_flight)
            .field("ended", &ago(self.ended))
            .field("left_held", &ago(self.left_held))
            .field("is_perhaps_taken", &self.is_perhaps_taken)
            .field("may_be_unknown", &self.may_be_unknown)
            .finish_non_exhaustive()
    }
}

impl Payment {
    pub(crate) fn new(kind: Kind, form: Form, credential: String) -> Self {
        Self {
            kind,
            form,
            credential,
            cookie: None,
            got: 0,
            cut_off: 0,
            doubtful: Vec::new(),
            in_flight: 0,
            ended: None,
            left_held: None,
            too_late: None,
            is_perhaps_taken: false,
            may_be_unknown: false,
            is_closed: false,
        }
    }

    pub(crate) fn path(&self) -> &'static str {
        match (self.kind, self.form) {
            (Kind::Plain, Form::Cookie) => "/page",
            (Kind::Plain, _) => "/paid",
            (Kind::Once, _) => "/once",
            (Kind::Pack, _) => "/pack",
            (Kind::Metered, _) => "/metered",
        }
    }

    /// What it buys; `None` is without end.
    pub(crate) fn buys(&self) -> Option<u64> {
        match (self.kind, self.form) {
            (Kind::Plain, Form::Mpp) | (Kind::Once, _) => Some(1),
            (Kind::Plain, _) => None,
            (Kind::Pack, _) => Some(USES),
            (Kind::Metered, _) => Some(UNITS),
        }
    }

    /// What one answer draws at most.
    pub(crate) fn costs(&self) -> u64 {
        if self.kind == Kind::Metered { SENT } else { 1 }
    }

    /// Takes note of an answer of which so much was sent.
    pub(crate) fn doubts(&mut self, asked: &Asked, sent: u64) {
        let (life, at) = (Arc::clone(&asked.life), asked.begun);
        self.doubtful.push(Doubt { life, at, of: self.costs().saturating_sub(sent) });
    }

    /// How much may have been drawn for answers that a kill has kept from their payer.
    pub(crate) fn killed(&self) -> u64 {
        let was_killed = |doubt: &&Doubt| doubt.life.was_killed(doubt.at, doubt.at + UNDONE);
        let doubtful = self.doubtful.iter().filter(was_killed).map(|doubt| doubt.of).sum::<u64>();
        self.cut_off + doubtful
    }

    /// Whether it may be an MPP payment that is lost: see "Not promised" in docs/RELIABILITY.md.
    pub(crate) fn may_be_lost(&self) -> bool {
        self.form == Form::Mpp && self.got == 0 && (self.is_perhaps_taken || self.killed() > 0)
    }

    /// Whether it may be used up, with what was cut off and what runs.
    pub(crate) fn may_be_used_up(&self) -> bool {
        let running = self.in_flight * self.costs();
        self.buys().is_some_and(|buys| self.got + self.killed() + running >= buys)
    }

    /// Whether something of it may be held by somebody who does not answer any more, or by another
    /// request of these.
    pub(crate) fn may_be_held(&self, begun: Instant) -> bool {
        let since = |at: Option<Instant>, time| at.is_some_and(|at| at + time >= begun);
        self.in_flight > 0 || since(self.ended, SETTLING) || since(self.left_held, LEASE)
    }

    /// Whether a call may still go on that was too late for an earlier request.
    pub(crate) fn may_wait_for_another(&self, begun: Instant) -> bool {
        let is_late = self.too_late.is_some_and(|at| at + 3 * TIMEOUT >= begun);
        self.form == Form::Mpp && is_late
    }

    pub(crate) fn got_too_much(&self) -> bool {
        self.buys().is_some_and(|buys| self.got > buys)
    }

    /// What its payer has not got of a payment that is used up.
    pub(crate) fn lost(&self) -> u64 {
        self.buys().map_or(0, |buys| buys.saturating_sub(self.got))
    }
}
