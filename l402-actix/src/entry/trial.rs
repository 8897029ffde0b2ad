//! `extract_first`: the handler's extractors on trial, before money is asked for.

use std::sync::Arc;

use actix_web::{Error, HttpRequest, dev::Payload, http::Method};

use super::{balance::NoBalance, forms::Argument, payment::NoPayment};
use crate::{
    balance::Balance, config::L402Config, gate::credential, payment::Payment, terms::Offer,
};

/// What a scope around has verified.
type Around = (Option<Arc<Payment>>, Option<Balance>);

/// Whether the extractors have to run before the gate decides.
///
/// A credential and stated terms are all that the gate needs, and what it refuses is then not read.
/// A computed price or resource may depend on what the extractors have left in the request's
/// extensions, and has to come out as it did when the token was sold.
pub(super) fn is_needed(request: &HttpRequest, config: &L402Config, offer: &Offer<'_>) -> bool {
    let own_header = config.answer.credential_header.as_ref();
    // A payment without a macaroon is used up by its verification: a body that the extractors refuse
    // must not cost it. Looked for with MPP off, so that only tokens count.
    let is_paid = || credential::find(request.headers(), own_header, false).is_some();
    request.method() != Method::OPTIONS && (config.terms.compute(offer) || !is_paid())
}

/// A request whose extractors are tried, one by one and in their order.
pub struct Trial {
    request: HttpRequest,
    payload: Payload,
    around: Around,
}

impl Trial {
    pub(super) fn of(request: HttpRequest, payload: Payload, around: Around) -> Self {
        Self { request, payload, around }
    }

    /// Tries an argument. What it makes is dropped: the handler's own is extracted once the
    /// request is let in.
    ///
    /// That there is no `Payment` or `Balance` yet is no fault of the request's, wherever inside of the argument
    /// it is asked for. An invented one would do harm there: an extractor may book what it is given.
    pub async fn argument<T: Argument>(&mut self) -> Result<(), Error> {
        match T::from_request(&self.request, &mut self.payload).await {
            Ok(_) => Ok(()),
            Err(err) => {
                let err: Error = err.into();
                let is_early =
                    err.as_error::<NoPayment>().is_some() || err.as_error::<NoBalance>().is_some();
                if is_early { Ok(()) } else { Err(err) }
            }
        }
    }

    /// What is put back once the trial has ended.
    pub(super) fn into_around(self) -> Around {
        self.around
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").finish_non_exhaustive()
    }
}
