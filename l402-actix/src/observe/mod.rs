//! What an operator sees of a gated request: a span, and with the feature `metrics` figures.
//!
//! In: plain facts and words of closed sets, from whoever has them.
//! Out: one span and one count for each request. Unwatched, nothing is allocated and no clock read.
//! Never: what a refusal, a payment or a store is; they say which word they are.

#[cfg(feature = "metrics")]
mod figures;
#[cfg(not(feature = "metrics"))]
#[path = "no_figures.rs"]
mod figures;
mod labels;
mod unheard;

use std::{
    cell::Cell,
    rc::{Rc, Weak},
    time::{Duration, Instant},
};

use actix_web::{HttpMessage as _, HttpRequest};
use tracing::{Span, field::Empty};

pub(crate) use figures::{hit, limited, timed};
pub(crate) use labels::{Cache, Endpoint, Limiter, Outcome, Why, kind};
pub(crate) use unheard::say_if_unheard;

/// The route of a request that no single pattern of the app's matches. Never its path: a client can
/// choose that, and a figure is kept for each route.
const NO_PATTERN: &str = "other";

/// One request, watched from when its first gate is asked until its handler has answered. Gates
/// around each other share one: the last of them to decide says how the request went.
#[derive(Clone)]
pub(crate) struct Watch {
    /// `None` where nobody watches.
    watched: Option<Rc<Watched>>,
    /// Disabled in a gate under another one, whose span it is in already.
    span: Span,
    has_presented: Cell<bool>,
}

impl Watch {
    /// The watch of the gate around, or a new one.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        if !is_heard() {
            return Self::unwatched();
        }
        let around = request.extensions().get::<Around>().and_then(|Around(watch)| watch.upgrade());
        if around.is_some() {
            return Self { watched: around, ..Self::unwatched() };
        }
        let route = route(request);
        // At `info` it would print a line for each request of those who have only `log`.
        let span = tracing::debug_span!(
            "l402",
            route,
            price_sats = Empty,
            outcome = Empty,
            reason = Empty,
            broker_ms = Empty,
        );
        let watched = Watched {
            span: span.clone(),
            route,
            price_sats: Cell::default(),
            why: Cell::default(),
            outcome: Cell::default(),
            payment: Cell::default(),
            broker: Cell::default(),
        };
        Self { watched: Some(Rc::new(watched)), span, has_presented: Cell::default() }
    }

    /// Of a request that nobody watches.
    pub(crate) fn unwatched() -> Self {
        Self { watched: None, span: Span::none(), has_presented: Cell::default() }
    }

    /// The same, for a gate that has others under it.
    pub(crate) fn around(request: &HttpRequest) -> Self {
        let watch = Self::of(request);
        if let Some(watched) = &watch.watched {
            // Weak, so that it ends with the gate and not with the request's extensions.
            request.extensions_mut().insert(Around(Rc::downgrade(watched)));
        }
        watch
    }

    /// What the decision and the handler run in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(crate) fn price(&self, price_sats: u64) {
        self.note(|watched| watched.price_sats.set(Some(price_sats)));
    }

    /// The request is let in for nothing; unless the scope around was paid for, which stays so.
    pub(crate) fn free(&self) {
        self.note(|watched| {
            if watched.outcome.get() != Outcome::Paid {
                watched.outcome.set(Outcome::Free);
            }
        });
    }

    /// The request is let in, by this gate: with a payment of this hash and so many sats, if that is
    /// known. Asked for only where somebody watches.
    pub(crate) fn paid(&self, payment: impl FnOnce() -> Option<([u8; 32], u64)>) {
        self.note(|watched| {
            watched.outcome.set(Outcome::Paid);
            watched.payment.set(payment());
        });
    }

    /// The request has come with a credential, good or not: its sender may have paid.
    pub(crate) fn presented(&self) {
        self.has_presented.set(true);
    }

    pub(crate) fn has_presented(&self) -> bool {
        self.has_presented.get()
    }

    /// Why the refusal comes that is about to be made, where the refusal itself does not tell.
    pub(crate) fn because(&self, why: Why) {
        self.note(|watched| watched.why.set(why));
    }

    /// What [`because`](Self::because) was told.
    pub(crate) fn why(&self) -> Why {
        self.watched.as_ref().map(|watched| watched.why.get()).unwrap_or_default()
    }

    /// Takes note of a refusal.
    pub(crate) fn refused(&self, outcome: Outcome) {
        self.note(|watched| watched.outcome.set(outcome));
    }

    /// Does it within the request's span.
    pub(crate) fn in_span<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// Counts from now on as waiting for the broker, until what it returns is dropped.
    pub(crate) fn wait(&self) -> Wait<'_> {
        let since = self.watched.is_some().then(Instant::now);
        Wait { watch: self, since, asked: Cell::new(false) }
    }

    fn note(&self, note: impl FnOnce(&Watched)) {
        if let Some(watched) = &self.watched {
            note(watched);
        }
    }
}

/// The pattern of the request's route.
pub(crate) fn route(request: &HttpRequest) -> String {
    request.match_pattern().unwrap_or_else(|| NO_PATTERN.to_owned())
}

/// Whether a span or a figure of this request would get anywhere.
fn is_heard() -> bool {
    figures::ARE_KEPT
        || tracing::span_enabled!(tracing::Level::DEBUG)
        // A span is a line of the log for those who have no subscriber.
        || log::log_enabled!(log::Level::Debug)
}

/// In the request's extensions: the watch of a gate that has others under it.
struct Around(Weak<Watched>);

struct Watched {
    span: Span,
    route: String,
    price_sats: Cell<Option<u64>>,
    why: Cell<Why>,
    outcome: Cell<Outcome>,
    payment: Cell<Option<([u8; 32], u64)>>,
    broker: Cell<Option<Duration>>,
}

/// Here and nowhere else a request is counted, once, however it ends: a client that goes away drops
/// it at any point.
impl Drop for Watched {
    fn drop(&mut self) {
        let outcome = self.outcome.get();
        let broker_ms = self.broker.get().and_then(|wait| u64::try_from(wait.as_millis()).ok());
        tracing::record_all!(
            self.span,
            price_sats = self.price_sats.get(),
            outcome = outcome.name(),
            reason = outcome.reason(),
            broker_ms = broker_ms,
        );
        if let (Outcome::Paid, Some((payment_hash, sats))) = (outcome, self.payment.get()) {
            // What is read out of a token can be more than was paid: its holder can append.
            let sats = self.price_sats.get().map_or(sats, |price_sats| sats.min(price_sats));
            figures::payment(&self.route, payment_hash, sats);
        }
        figures::request(std::mem::take(&mut self.route), outcome);
    }
}

/// A question on its way to the broker, or to an answer that spares asking.
pub(crate) struct Wait<'a> {
    watch: &'a Watch,
    since: Option<Instant>,
    asked: Cell<bool>,
}

impl Wait<'_> {
    /// This request asks the broker by itself.
    pub(crate) fn asks(&self) {
        self.asked.set(true);
    }

    /// Takes note of an answer that was there without a call of this request's.
    pub(crate) fn over<T, E>(self, spared_by: Cache, answer: &Result<T, E>) {
        if !self.asked.get() && answer.is_ok() {
            hit(spared_by);
        }
    }
}

/// Also of a call that the gate's deadline cuts off, which is when it matters most.
impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(since) = self.since {
            self.watch.note(|watched| {
                let before = watched.broker.get().unwrap_or_default();
                watched.broker.set(Some(before + since.elapsed()));
            });
        }
    }
}
