//! A browser's credential out of its cookie, and into it.

use std::{
    rc::Rc,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, HeaderValue, ORIGIN},
};
use l402_server::VerifyRequest;

use super::{expiry, visit::Visit};
use crate::{
    answer::{CredentialCookie, Refusal, Unkept},
    credential::Credential,
    notice::Notice,
    observe,
};

/// Asks for the cookie in the place of the handler's answer.
const ASKS: HeaderName = HeaderName::from_static("x-l402-cookie");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How long a token is kept that does not say when it expires: what the broker's tokens live.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60 * 60);

static ONE_TOO_MANY: LazyLock<Notice> = LazyLock::new(Notice::default);

/// The token in the cookie, where the site itself has caused the request. Browsers withhold it from
/// others by `SameSite`, and those that do not say who asks.
pub(super) fn find(visit: &Visit<'_>) -> Option<Rc<Credential>> {
    if !visit.config.answer.credential_cookie || is_foreign(visit) {
        return None;
    }
    let credential = CredentialCookie::of(visit.request, &visit.resource).read(visit.request)?;
    let token = VerifyRequest::from_credential(&credential).ok()?;
    visit.from_cookie.set(true);
    Some(Rc::new(token.into()))
}

fn is_foreign(visit: &Visit<'_>) -> bool {
    let headers = visit.request.headers();
    // Only a browser can say it, and it knows: `Host` may be another one behind a proxy.
    if headers.contains_key(FETCH_SITE) {
        return headers.get_all(FETCH_SITE).any(|site| site != "same-origin" && site != "none");
    }
    // A WebSocket says its origin and, in older browsers, nothing else.
    headers.get(ORIGIN).is_some_and(|origin| {
        let host = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
        host != Some(visit.request.connection_info().host())
    })
}

/// The 204 that has a verified token kept, where that is asked for and a cookie can hold it. Nothing
/// is drawn and no handler is called.
pub(super) fn kept(visit: &Visit<'_>, token: &Credential) -> Option<Refusal> {
    let is_asked = visit.config.answer.credential_cookie
        && visit.request.headers().get(ASKS).is_some_and(|value| value == "1")
        && !visit.from_cookie.get()
        && !is_foreign(visit);
    if !is_asked {
        return None;
    }
    let expires = token.request.macaroon().and_then(expiry::of);
    // The broker has just taken it: if it has expired by the clock here, that clock is wrong.
    let left = expires.and_then(|at: SystemTime| at.duration_since(SystemTime::now()).ok());
    let lifetime = left.unwrap_or(DEFAULT_LIFETIME);
    let cookie = CredentialCookie::of(visit.request, &visit.resource);
    match cookie.keep(visit.request, &token.request, lifetime) {
        Ok(header) => Some(Refusal::Kept(header)),
        Err(Unkept::Unfit) => None,
        Err(Unkept::OneTooMany) => {
            say_that_it_is_one_too_many(visit.request);
            None
        }
    }
}

fn say_that_it_is_one_too_many(request: &HttpRequest) {
    if let Some(times) = ONE_TOO_MANY.due() {
        let route = observe::route(request);
        tracing::warn!(
            route,
            times,
            "a browser holds as many cookies as servers take in one line, so a payment was not kept; \
             give what is bought together one `resource`"
        );
    }
}

/// A refusal of what was in the cookie has it forgotten; a failure does not.
pub(super) fn refused(visit: &Visit<'_>, refusal: Refusal) -> Refusal {
    if !visit.from_cookie.get() || !refusal.is_about_the_credential() {
        return refusal;
    }
    match CredentialCookie::of(visit.request, &visit.resource).forget() {
        Some(cookie) => Refusal::Forgotten(Box::new(refusal), cookie),
        None => refusal,
    }
}

/// Whether a page of another site has led here, so that the browser has withheld what it holds.
pub(super) fn may_be_withheld(visit: &Visit<'_>) -> bool {
    let site = visit.request.headers().get(FETCH_SITE).map(HeaderValue::as_bytes);
    visit.config.answer.credential_cookie && matches!(site, Some(b"cross-site" | b"same-site"))
}
