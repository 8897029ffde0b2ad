//! The request's headers -> the credential to be verified.

use std::{iter, rc::Rc};

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use l402_server::{L402Error, VerifyRequest};
use memchr::memchr;

use super::{echo::Echo, recent};
use crate::credential::Credential;

/// What a request presents to have paid.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// A macaroon and a preimage, which can be verified again and again.
    Token(Rc<Credential>),
    /// A preimage alone (MPP), which the broker takes once, and what is repeated of its challenge.
    Mpp(Rc<Credential>, Echo),
    /// Several of these.
    SeveralPayments,
    /// Something in the `Payment` scheme that cannot be read.
    UnreadablePayment,
    /// Several tokens in one credential, `L402 t1,t2:preimage`, as the specification's grammar has
    /// it. The broker verifies one; whoever has paid for several must not hear a price.
    Several,
}

type Read = fn(&str) -> Result<Found, L402Error>;

const TOKEN: Read = |text| VerifyRequest::from_credential(text).map(|read| Found::Token(rc(read)));
const MPP: Read = |text| {
    VerifyRequest::from_mpp_credential(text).map(|read| Found::Mpp(rc(read), Echo::of(text)))
};

/// The schemes that are looked for. The earlier one wins, wherever it stands.
const SCHEMES: [(&str, Read); 3] = [("L402", TOKEN), ("LSAT", TOKEN), (PAYMENT, MPP)];

const PAYMENT: &str = "Payment";

/// The first well-formed L402 credential of all `Authorization` lines, else the first LSAT one,
/// else the first MPP one if that is switched on. In the merchant's own header first, which is named
/// for just this.
///
/// One client sends a line of each; a merchant's own `Bearer` may stand in a line before or after
/// ours, or before or after a comma in the same line. What is not shaped like a credential is no
/// credential: its sender is asked to pay, as if it had sent none.
pub(crate) fn find(headers: &HeaderMap, own: Option<&HeaderName>, mpp: bool) -> Option<Found> {
    let names = || [own, Some(&AUTHORIZATION)].into_iter().flatten();
    let only = only(names().flat_map(|name| headers.get_all(name)));
    if let Some(token) = only.and_then(|line| recent::read(line.as_bytes())) {
        return Some(Found::Token(token));
    }
    let one = names().find_map(|name| find_in(headers, name, mpp));
    if let (Some(line), Some(Found::Token(token))) = (only, &one) {
        recent::keep(line.as_bytes(), token);
    }
    let of_payment = || {
        let lines = names().flat_map(|name| headers.get_all(name));
        let parts = lines.flat_map(|line| parts(line.as_bytes())).map(str::trim);
        parts.filter(|part| has_scheme(part, PAYMENT)).count()
    };
    match one {
        Some(Found::Mpp(..)) if of_payment() > 1 => Some(Found::SeveralPayments),
        Some(one) => Some(one),
        None if names().any(|name| holds_several(headers, name)) => Some(Found::Several),
        None if mpp && of_payment() > 0 => Some(Found::UnreadablePayment),
        None => None,
    }
}

/// What [`find`] finds, for tests that compare it with the grammar. Not public API.
#[doc(hidden)]
#[must_use]
pub fn presented(
    headers: &HeaderMap,
    own: Option<&HeaderName>,
    mpp: bool,
) -> Option<VerifyRequest> {
    match find(headers, own, mpp)? {
        Found::Token(credential) | Found::Mpp(credential, _) => Some(credential.request.clone()),
        Found::Several | Found::SeveralPayments | Found::UnreadablePayment => None,
    }
}

fn rc(read: VerifyRequest) -> Rc<Credential> {
    Rc::new(read.into())
}

/// The one of which there is no other.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

fn find_in(headers: &HeaderMap, name: &HeaderName, mpp: bool) -> Option<Found> {
    let schemes = if mpp { &SCHEMES[..] } else { &SCHEMES[..2] };
    schemes.iter().find_map(|(scheme, read)| {
        headers
            .get_all(name)
            .flat_map(|line| parts(line.as_bytes()))
            .map(str::trim)
            .filter(|part| has_scheme(part, scheme))
            .find_map(|part| read(part).ok())
    })
}

/// `L402 t1, t2:preimage`: tokens without a colon and without a scheme, up to the one that has it.
fn holds_several(headers: &HeaderMap, name: &HeaderName) -> bool {
    let of_tokens = |line: &[u8]| {
        let mut parts = parts(line).map(str::trim).skip_while(|part| {
            let is_first = SCHEMES[..2].iter().any(|(scheme, _)| has_scheme(part, scheme));
            !is_first || part.contains(':')
        });
        parts.next().is_some()
            && parts
                .take_while(|part| !part.is_empty() && !part.contains(' '))
                .any(|part| part.split_once(':').is_some_and(|(_, preimage)| !preimage.is_empty()))
    };
    headers.get_all(name).any(|line| of_tokens(line.as_bytes()))
}

/// A line -> what stands between its commas, as far as that is text. Neither base64 nor hexadecimal
/// digits hold a comma, so a credential ends at one.
fn parts(line: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    let parts = iter::from_fn(move || {
        let line = rest?;
        let end = memchr(b',', line);
        rest = end.map(|end| &line[end + 1..]);
        Some(&line[..end.unwrap_or(line.len())])
    });
    parts.filter_map(|part| str::from_utf8(part).ok())
}

fn has_scheme(part: &str, scheme: &str) -> bool {
    part.split_once(' ').is_some_and(|(name, _)| name.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    /// Which credential the lines hold, told by its macaroon.
    fn macaroon_in(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let line = HeaderValue::from_bytes(line.as_bytes()).expect("a header value");
            headers.append(AUTHORIZATION, line);
        }
        let found = find(&headers, None, false)?;
        ["a", "b", "c"].into_iter().map(str::to_owned).find(|macaroon| token(macaroon) == found)
    }

    fn token(macaroon: &str) -> Found {
        Found::Token(rc(VerifyRequest::new(macaroon, "p")))
    }

    #[test]
    fn no_line_another_scheme_and_a_malformed_one_are_no_credential() {
        for lines in [
            &[][..],
            &[""],
            &["Bearer a:p"],
            &["L402"],
            &["L402 a"],
            &["L402 :p", "LSAT a:"],
            &["Bearer, a:p"],
            &["XL402 a:p"],
            &["Payment eyJ9"],
        ] {
            assert_eq!(macaroon_in(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn every_authorization_line_is_looked_at() {
        assert_eq!(macaroon_in(&["Bearer x", "L402 a:p"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["L402 a:p", "Bearer x"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["\u{fe}\u{ff}", "L402 a:p"]).as_deref(), Some("a"));
    }

    #[test]
    fn a_credential_may_stand_before_or_after_a_comma() {
        assert_eq!(macaroon_in(&["Bearer x, L402 a:p"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["L402 a:p,Bearer x"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["Digest a=\"b\", c=\"d\",l402   a:p"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["Bearer \u{e9}, L402 a:p"]).as_deref(), Some("a"));
    }

    #[test]
    fn a_line_that_was_read_before_is_believed_alone_only() {
        assert_eq!(macaroon_in(&["L402 a:p"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["L402 a:p"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["L402 b:p", "L402 a:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["LSAT a:p"]).as_deref(), Some("a"));
        assert_eq!(macaroon_in(&["LSAT a:p", "L402 c:p"]).as_deref(), Some("c"));
    }

    #[test]
    fn the_merchants_own_header_is_looked_at_first() {
        let own = HeaderName::from_static("x-l402");
        let token = |macaroon: &str| Some(token(macaroon));
        let mut headers = HeaderMap::new();
        headers.insert(own.clone(), HeaderValue::from_static("L402 b:p"));
        assert_eq!(find(&headers, None, false), None);
        assert_eq!(find(&headers, Some(&own), false), token("b"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert_eq!(find(&headers, Some(&own), false), token("b"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("L402 a:p"));
        assert_eq!(find(&headers, Some(&own), false), token("b"));
        headers.insert(own.clone(), HeaderValue::from_static("nothing of ours"));
        assert_eq!(find(&headers, Some(&own), false), token("a"));
    }

    #[test]
    fn an_mpp_credential_counts_only_where_it_is_switched_on_and_after_the_others() {
        // {"payload":{"preimage":"00"}}
        let mpp = HeaderValue::from_static("Payment eyJwYXlsb2FkIjp7InByZWltYWdlIjoiMDAifX0");
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, mpp);
        assert_eq!(find(&headers, None, false), None);
        let found = find(&headers, None, true);
        assert_eq!(
            found,
            Some(Found::Mpp(rc(VerifyRequest::preimage_only("00")), Echo::default()))
        );
        headers.append(AUTHORIZATION, HeaderValue::from_static("LSAT a:p"));
        let found = find(&headers, None, true);
        assert_eq!(found, Some(token("a")));
    }

    #[test]
    fn the_first_well_formed_l402_credential_wins_then_the_first_lsat() {
        assert_eq!(macaroon_in(&["LSAT a:p", "L402 b:p", "L402 c:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["LSAT a:p, L402 b:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["L402 :p", "LSAT b:p", "LSAT c:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["L402 a", "L402 b:p"]).as_deref(), Some("b"));
    }

    #[test]
    fn several_tokens_in_one_credential_are_told_from_none() {
        let found = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_str(line).expect("a header value"));
            find(&headers, None, false)
        };
        for line in ["L402 a,b:p", "lsat a, b,c:p", "Bearer x, L402 a,b:p"] {
            assert_eq!(found(line), Some(Found::Several), "{line}");
        }
        for line in ["L402 a,b", "L402 a, Bearer b:p", "L402 a,,b:p", "a,b:p", "L402 a, b:"] {
            assert_eq!(found(line), None, "{line}");
        }
        let one = Some(token("c"));
        assert_eq!(found("L402 a, L402 c:p"), one);
    }
}
