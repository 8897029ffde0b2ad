//! The request's headers -> the credential to be verified.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use l402_server::VerifyRequest;

/// The schemes that are looked for. The earlier one wins, wherever it stands.
const SCHEMES: [&str; 2] = ["L402", "LSAT"];

/// The first well-formed L402 credential of all `Authorization` lines, else the first LSAT one,
/// else the same of the merchant's own header.
///
/// One client sends a line of each; a merchant's own `Bearer` may stand in a line before or after
/// ours, or before or after a comma in the same line. What is not shaped like a credential is no
/// credential: its sender is asked to pay, as if it had sent none.
pub(crate) fn find(headers: &HeaderMap, own: Option<&HeaderName>) -> Option<VerifyRequest> {
    [Some(&AUTHORIZATION), own].into_iter().flatten().find_map(|name| find_in(headers, name))
}

fn find_in(headers: &HeaderMap, name: &HeaderName) -> Option<VerifyRequest> {
    SCHEMES.iter().find_map(|scheme| {
        headers
            .get_all(name)
            // No base64 and no hexadecimal digit is a comma, so a credential ends at one.
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .filter_map(|part| str::from_utf8(part).ok())
            .map(str::trim)
            .filter(|part| has_scheme(part, scheme))
            .find_map(|part| VerifyRequest::from_credential(part).ok())
    })
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
        let found = find(&headers, None)?;
        ["a", "b", "c"].into_iter().map(str::to_owned).find(|macaroon| {
            let candidate = VerifyRequest::new(macaroon.as_str(), "p");
            candidate == found
        })
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
    fn the_merchants_own_header_is_looked_at_after_authorization() {
        let own = HeaderName::from_static("x-l402");
        let mut headers = HeaderMap::new();
        headers.insert(own.clone(), HeaderValue::from_static("L402 b:p"));
        assert!(find(&headers, None).is_none());
        assert!(find(&headers, Some(&own)) == Some(VerifyRequest::new("b", "p")));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert!(find(&headers, Some(&own)) == Some(VerifyRequest::new("b", "p")));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("LSAT a:p"));
        assert!(find(&headers, Some(&own)) == Some(VerifyRequest::new("a", "p")));
    }

    #[test]
    fn the_first_well_formed_l402_credential_wins_then_the_first_lsat() {
        assert_eq!(macaroon_in(&["LSAT a:p", "L402 b:p", "L402 c:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["LSAT a:p, L402 b:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["L402 :p", "LSAT b:p", "LSAT c:p"]).as_deref(), Some("b"));
        assert_eq!(macaroon_in(&["L402 a", "L402 b:p"]).as_deref(), Some("b"));
    }
}
