//! A gate that is asked for its terms, by nobody but us.

use std::{cell::Cell, rc::Rc};

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use crate::terms::Offer;

/// Marks a request with which we ask a gate for its terms. It has no other maker, and nothing that
/// comes from a client can put it into a request's extensions.
pub(crate) struct Asked(pub(crate) Rc<Cell<Option<&'static Offer<'static>>>>);

pub(super) fn is_asked(request: &HttpRequest) -> bool {
    request.extensions().contains::<Asked>()
}

/// Tells the terms, and answers without a decision and without the handler.
pub(super) fn answer(
    request: &HttpRequest,
    offer: &'static Offer<'static>,
) -> Option<HttpResponse> {
    let extensions = request.extensions();
    let Asked(terms) = extensions.get()?;
    terms.set(Some(offer));
    Some(HttpResponse::NoContent().finish())
}
