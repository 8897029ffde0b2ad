//! JSON or page: what the request prefers, and the page as an answer.

use std::fmt::Write as _;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::BoxBody,
    http::{
        Method,
        header::{
            self, Accept, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, Quality, VARY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
};

use super::{PaywallPage, facts::PaywallFacts};
use crate::{answer::settings::Settings, broker::CheckedChallenge};

/// The form of a 402 where a page is set up.
#[derive(Debug)]
pub(crate) enum Choice {
    Json,
    Page(Box<Wanted>),
}

/// What the page says beside the challenge.
#[derive(Debug)]
pub(crate) struct Wanted {
    page: PaywallPage,
    description: Option<String>,
    credential_header: String,
    cookie: bool,
    may_be_withheld: bool,
}

impl Choice {
    /// `None` where there is no choice: no page is set up, or the request could not be repeated
    /// by one, because a page has only the address.
    pub(crate) fn of(
        request: &HttpRequest,
        settings: &Settings,
        description: Option<&str>,
        may_be_withheld: bool,
    ) -> Option<Self> {
        let page = settings.paywall_page.as_ref()?;
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return None;
        }
        if !prefers_html(request) {
            return Some(Self::Json);
        }
        // Where a merchant has named a header of its own, `Authorization` is taken.
        let header =
            settings.credential_header.as_ref().map_or("Authorization", |name| name.as_str());
        Some(Self::Page(Box::new(Wanted {
            page: page.clone(),
            description: description.map(str::to_owned),
            credential_header: header.to_owned(),
            cookie: settings.credential_cookie,
            may_be_withheld,
        })))
    }

    /// Puts the page into the JSON answer's place. The headers stay, so both forms carry the same
    /// challenge.
    pub(crate) fn write(
        self,
        challenge: &CheckedChallenge,
        mut response: HttpResponse,
    ) -> HttpResponse {
        response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
        let Self::Page(wanted) = self else { return response };
        let Some(nonce) = nonce() else { return response };
        let facts = PaywallFacts {
            title: &wanted.page.title,
            price_sats: challenge.price_sats,
            description: wanted.description.as_deref(),
            resource: &challenge.resource,
            invoice: &challenge.invoice,
            macaroon: &challenge.macaroon,
            payment_hash: &challenge.payment_hash,
            expires_at: challenge.expires_at.as_deref().unwrap_or_default(),
            credential_header: &wanted.credential_header,
            cookie: wanted.cookie,
            may_be_withheld: wanted.may_be_withheld,
            nonce: &nonce,
        };
        let Ok(policy) = HeaderValue::from_str(&policy(&nonce)) else { return response };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response.set_body(BoxBody::new(wanted.page.render(&facts)))
    }
}

/// Whether `text/html` is named and preferred over JSON. A wildcard is no wish for a page: it is
/// what programs send.
#[must_use]
pub fn prefers_html(request: &HttpRequest) -> bool {
    let Some(Accept(ranges)) = request.get_header() else { return false };
    let quality = |range: &str| {
        let named = ranges.iter().filter(|accepted| accepted.item.essence_str() == range);
        named.map(|accepted| accepted.quality).max()
    };
    // The most specific range that covers JSON is the one that counts (RFC 9110, 12.5.1).
    let json = ["application/json", "application/*", "*/*"].into_iter().find_map(quality);
    quality("text/html").is_some_and(|html| html > json.unwrap_or(Quality::ZERO))
}

/// The one script and the one style run by their nonce. What is allowed beyond is for the answer
/// that the page shows once it is paid for: its images, and its style sheets of the same origin.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// 128 bits that no description can guess.
fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    if let Err(err) = getrandom::fill(&mut bytes) {
        tracing::error!("no randomness for the paywall page, so the answer is JSON: {err}");
        return None;
    }
    let mut nonce = String::with_capacity(32);
    for byte in bytes {
        let _ = write!(nonce, "{byte:02x}");
    }
    Some(nonce)
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::ACCEPT, test::TestRequest};

    use super::prefers_html;

    fn prefers(lines: &[&str]) -> bool {
        let request = lines
            .iter()
            .fold(TestRequest::get(), |request, line| request.append_header((ACCEPT, *line)));
        prefers_html(&request.to_http_request())
    }

    #[test]
    fn programs_get_json() {
        for lines in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/json"],
            &["application/json, text/plain, */*"],
            &["application/json, text/javascript, */*; q=0.01"],
            &["text/*"],
            &["text/html, application/json"],
            &["text/html, */*"],
            &["text/html;q=0.5, application/*;q=0.8"],
            &["text/html;q=0.5, application/json;q=0.5"],
            &["text/html;q=0"],
            &["text/html;q=0, */*"],
            &["text/html;q=nonsense"],
            &["text/htmlx", "application/xhtml+xml"],
            &["text/html, image/gif, image/jpeg, */*; q=1"],
        ] {
            assert!(!prefers(lines), "{lines:?}");
        }
    }

    #[test]
    fn whoever_names_html_and_prefers_it_gets_the_page() {
        for lines in [
            &["text/html"][..],
            &["TEXT/HTML"],
            &["text/html;charset=utf-8;q=0.3"],
            &[
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            ],
            &["text/html;q=0.9, application/json;q=0.8, */*"],
            &["text/html;q=0.2, application/json;q=0"],
            &["application/json;q=0.1", "text/html;q=0.2"],
            &["nonsense, text/html"],
        ] {
            assert!(prefers(lines), "{lines:?}");
        }
    }
}
