//! A request at a handler's gate: what is done before the handler is called, and after.

use std::sync::Arc;

use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, dev::Payload};
use tracing::Span;

use super::{
    balance::NoBalance,
    drawn::{NotServed, drawn},
    trial::{self, Trial},
};
use crate::{
    answer::{Receipt, Refusal, mark},
    balance::{Balance, Hold, Kind},
    config::L402Config,
    gate,
    observe::{self, Watch},
    payment::Payment,
    tape::Body,
    terms::{Offer, Unfit},
};

pub(super) struct Entrance<'r> {
    request: &'r HttpRequest,
    offer: &'static Offer<'static>,
    config: Option<&'r L402Config>,
    watch: Watch,
    body: Body,
    hold: Option<Hold>,
    receipt: Option<Box<Receipt>>,
}

/// A request that has been let in.
pub struct Guest<'r> {
    pub(super) request: &'r HttpRequest,
    pub(super) payload: Payload,
    hold: Option<&'r mut Hold>,
}

impl Guest<'_> {
    /// The arguments are there: from now on the handler may have had its effects.
    pub(super) fn about_to_be_served(&mut self) {
        if let Some(hold) = &mut self.hold {
            hold.handler_called();
        }
    }
}

impl std::fmt::Debug for Guest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").finish_non_exhaustive()
    }
}

impl<'r> Entrance<'r> {
    pub(super) fn of(
        request: &'r HttpRequest,
        payload: Payload,
        offer: &'static Offer<'static>,
    ) -> Self {
        let config = L402Config::in_sight_of(request).ok();
        let watch = Watch::of(request);
        let mut body = Body::Unread(payload);
        if let Some(limit) = config.and_then(|config| config.terms.records(offer)) {
            body.record(limit);
        }
        Self { request, offer, config, watch, body, hold: None, receipt: None }
    }

    pub(super) fn span(&self) -> Span {
        self.watch.span()
    }

    /// The trial of the handler's extractors, where they run before the gate decides.
    pub(super) fn trial(&mut self) -> Option<Trial> {
        // Without a config the gate refuses whatever the body says.
        let config = self.config?;
        if self.is_asked() || !trial::is_needed(self.request, config, self.offer) {
            return None;
        }
        self.body.record(config.terms.body_limit);
        let mut extensions = self.request.extensions_mut();
        // What was paid for a scope around may not be enough here: nothing of it is shown on trial.
        let around = (extensions.remove::<Arc<Payment>>(), extensions.remove::<Balance>());
        Some(Trial::of(self.request.clone(), self.body.reader(), around))
    }

    /// Ends a trial: what the extractors refuse is the answer.
    pub(super) fn tried(&self, trial: Trial, tried: Result<(), Error>) -> Option<HttpResponse> {
        let (payment, balance) = trial.into_around();
        if let Some(payment) = payment {
            self.request.extensions_mut().insert(payment);
        }
        if let Some(balance) = balance {
            self.request.extensions_mut().insert(balance);
        }
        if self.body.is_too_long() {
            return Some(self.refused(Refusal::Unfit(Unfit::BodyTooLong)));
        }
        Some(self.refused(Refusal::by_merchant(tried.err()?)))
    }

    #[cfg(feature = "discovery")]
    fn is_asked(&self) -> bool {
        super::asked::is_asked(self.request)
    }

    #[cfg(not(feature = "discovery"))]
    #[allow(clippy::unused_self, reason = "with discovery it is used")]
    fn is_asked(&self) -> bool {
        false
    }

    /// Lets the request in, or answers it.
    pub(super) async fn admit(&mut self) -> Option<HttpResponse> {
        #[cfg(feature = "discovery")]
        if let Some(answer) = super::asked::answer(self.request, self.offer) {
            return Some(answer);
        }
        let admission = gate::admit(self.request, self.config, self.offer, &self.body, &self.watch);
        let admission = match admission.await {
            Ok(admission) => admission,
            Err(refusal) => return Some(self.refused(refusal)),
        };
        if let Some((_, admission)) = admission {
            self.receipt = admission.paid.receipt;
            self.request.extensions_mut().insert(admission.paid.payment);
            self.hold = admission.hold;
        }
        if let Some(hold) = self.hold.as_ref().filter(|_| self.offer.good_for.is_some()) {
            let mut balance = hold.balance();
            if balance.kind() == Kind::Units {
                // Its handler may forget to draw.
                balance = balance.at(|| observe::route(self.request));
            }
            self.request.extensions_mut().insert(balance);
        }
        None
    }

    /// The request with its body from the first byte, for the handler.
    pub(super) fn guest(&mut self) -> Guest<'_> {
        Guest { request: self.request, payload: self.body.take(), hold: self.hold.as_mut() }
    }

    /// What the handler has answered, once what it costs is written down.
    pub(super) async fn leave(&mut self, mut answer: HttpResponse) -> HttpResponse {
        if NoBalance::is_why(&answer) {
            gate::only_fails(self.request, self.config, NoBalance::FAULT);
        }
        if let Some(hold) = self.hold.take() {
            let counts = self.offer.good_for.is_some();
            let method = self.request.method();
            let drawn = Box::pin(drawn(hold, method, answer, self.config, counts));
            answer = match drawn.await {
                Ok(answer) => answer,
                Err(refusal) => return self.refused(refusal),
            };
        }
        if let Some(receipt) = self.receipt.take() {
            receipt.write(&mut answer);
        }
        self.mark(&mut answer);
        answer
    }

    fn refused(&self, refusal: Refusal) -> HttpResponse {
        let settings = self.config.map(|config| &config.answer);
        let mut answer = refusal.answer(&self.watch, self.request, settings);
        NotServed::mark(&mut answer);
        self.mark(&mut answer);
        answer
    }

    fn mark(&self, answer: &mut HttpResponse) {
        mark(answer.headers_mut(), self.config.map(|config| &config.answer));
    }
}
