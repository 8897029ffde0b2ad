//! What gates have learned of what is behind them, which only those who have paid reach: what can only
//! fail there is not sold again.

use std::{
    iter::successors,
    rc::Rc,
    sync::{Arc, LazyLock},
};

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING},
};

use super::{paid::Passed, visit::Visit};
use crate::{
    answer::Refusal,
    config::L402Config,
    key::{Key, key},
    memory::{CAPACITY, Memory},
    payment::Payment,
};

/// One for the process: each worker has its own copy of a scope, and each would sell once.
static LEARNED: LazyLock<Memory<Learned>> = LazyLock::new(Memory::default);

#[derive(Clone)]
enum Learned {
    /// It can only answer 500, for this reason; to a token for this resource, if one is named, it
    /// would not.
    Fault(&'static str, Option<Arc<str>>),
    /// It takes no payment in the `Payment` scheme of the scope's.
    RefusesMpp,
}

/// How much of a request a fault comes with.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Of {
    /// All of the route's.
    Route,
    /// What is computed for a request is known for those alone that are the same in all that a function
    /// reads: with a body it may have read that, so nothing is learned. Else one payer's request could
    /// stop the sale to all others.
    Request,
}

impl Of {
    pub(super) fn computed(is_computed: bool) -> Self {
        if is_computed { Self::Request } else { Self::Route }
    }
}

/// Takes note of a fault of the set-up at a gate within a scope that has been paid for.
pub(super) fn noted(request: &HttpRequest, of: Of, refusal: impl Into<Refusal>) -> Refusal {
    let refusal = refusal.into();
    if let Refusal::Misconfigured(says) = refusal {
        learn(request, of, &Learned::Fault(says, None));
    }
    refusal
}

/// Takes note of a paid request that can only fail, at its own gate and at the scopes around: the same
/// one is not sold again. `config` is the own gate's.
pub(crate) fn only_fails(request: &HttpRequest, config: Option<&L402Config>, says: &'static str) {
    let fault = Learned::Fault(says, None);
    let payment = request.extensions().get::<Arc<Payment>>().cloned();
    if let (Some(config), Some(payment), false) = (config, payment, has_body(request)) {
        let sold = Sold {
            account: &config.broker.line.account.id,
            resource: &payment.resource,
            is_stated: false,
            own_header: config.answer.credential_header.as_ref(),
        };
        LEARNED.put(sold.place(request, Of::Request, &fault), fault.clone(), CAPACITY);
    }
    learn(request, Of::Request, &fault);
}

/// The same of one that would be none if the scope sold this resource.
pub(super) fn other_resource(visit: &Visit<'_>, says: &'static str) -> Refusal {
    let wanted = Some(Arc::from(visit.resource.as_ref()));
    let of = Of::computed(visit.offer.resource_with.is_some());
    learn(visit.request, of, &Learned::Fault(says, wanted));
    Refusal::Misconfigured(says)
}

/// Takes note of a gate that has not taken the MPP payment that was good at its scope.
pub(super) fn refuses_mpp(visit: &Visit<'_>) {
    let price_with = visit.config.terms.price_with.is_some() || visit.offer.price_with.is_some();
    let of = Of::computed(visit.config.mpp && price_with);
    learn(visit.request, of, &Learned::RefusesMpp);
}

/// At each of the scopes around the gate.
fn learn(request: &HttpRequest, of: Of, learned: &Learned) {
    if of == Of::Request && has_body(request) {
        return;
    }
    let Some(innermost) = request.extensions().get::<Rc<Passed>>().cloned() else { return };
    for scope in successors(Some(&innermost), |scope| scope.outer.as_ref()) {
        let sold = Sold {
            account: &scope.account,
            resource: &scope.resource,
            is_stated: scope.stated.is_some(),
            own_header: scope.own_header.as_ref(),
        };
        LEARNED.put(sold.place(request, of, learned), learned.clone(), CAPACITY);
    }
}

/// Why what a gate sells could only be answered 500 by one within.
pub(super) fn fault(visit: &Visit<'_>) -> Option<&'static str> {
    if LEARNED.is_empty() {
        return None;
    }
    let kind = &Learned::Fault("", None);
    let learned = |of| LEARNED.get(&Sold::by(visit).place(visit.request, of, kind));
    [Of::Route, Of::Request].into_iter().find_map(|of| match learned(of)? {
        Learned::Fault(_, Some(wanted)) if *wanted == *visit.resource => None,
        Learned::Fault(says, _) => Some(says),
        Learned::RefusesMpp => None,
    })
}

/// Whether an MPP payment would be refused by a gate within.
pub(super) fn is_mpp_refused(visit: &Visit<'_>) -> bool {
    let kind = &Learned::RefusesMpp;
    let holds = |of| LEARNED.holds(&Sold::by(visit).place(visit.request, of, kind));
    holds(Of::Route) || holds(Of::Request)
}

fn has_body(request: &HttpRequest) -> bool {
    let length = request.headers().get(CONTENT_LENGTH);
    request.headers().contains_key(TRANSFER_ENCODING)
        || length.is_some_and(|length| length.as_bytes() != b"0")
}

/// What is sold at a scope.
struct Sold<'a> {
    account: &'a Key,
    resource: &'a str,
    /// By the scope itself.
    is_stated: bool,
    own_header: Option<&'a HeaderName>,
}

impl<'a> Sold<'a> {
    fn by(visit: &'a Visit<'_>) -> Self {
        Self {
            account: visit.terms().account,
            resource: &visit.resource,
            is_stated: visit.offer.resource.is_some(),
            own_header: visit.config.answer.credential_header.as_ref(),
        }
    }

    /// Where something was learned of it: at this route of this server, or of this request.
    fn place(&self, request: &HttpRequest, of: Of, kind: &Learned) -> Key {
        let path = request.match_info().as_str();
        // By the path alike at both gates: only the inner one has been routed to.
        let pattern = request.resource_map().match_pattern(path);
        let server = request.app_config().local_addr().to_string();
        let is_of_request = of == Of::Request;
        let headers = is_of_request.then(|| self.headers(request));
        key(&[
            Some(self.account),
            Some(server.as_bytes()),
            Some(request.method().as_str().as_bytes()),
            pattern.as_deref().map(str::as_bytes),
            (pattern.is_none() || is_of_request).then_some(path.as_bytes()),
            is_of_request.then_some(request.query_string().as_bytes()),
            (self.is_stated || is_of_request).then_some(self.resource.as_bytes()),
            Some(if matches!(kind, Learned::RefusesMpp) { b"mpp" } else { b"fault" }),
            headers.as_ref().map(Key::as_slice),
        ])
    }

    /// All headers but the credential, which is none yet where the sale is.
    fn headers(&self, request: &HttpRequest) -> Key {
        let is_credential =
            |name: &HeaderName| name == AUTHORIZATION || Some(name) == self.own_header;
        let headers = request.headers().iter().filter(|(name, _)| !is_credential(name));
        let mut lines: Vec<_> =
            headers.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
        lines.sort_unstable();
        let parts: Vec<_> =
            lines.into_iter().flat_map(|(name, value)| [Some(name), Some(value)]).collect();
        key(&parts)
    }
}
