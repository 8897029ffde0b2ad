//! What a token is bound to.

use std::borrow::Cow;

use actix_web::HttpRequest;

use super::{fault::TermsFault, offer::Offer, selectors::Selectors};

/// The longest resource that is minted for: a macaroon carries it as a caveat, and a credential
/// must fit into one header.
const MAX_RESOURCE_BYTES: usize = 1024;

impl Selectors {
    /// The attribute's resource, else that of the scope around it, if it charges, else the config's
    /// function, else the request's full path without its query. The same at mint and at verify, so
    /// whatever was bought can be presented.
    pub(crate) fn resource<'a>(
        &self,
        request: &'a HttpRequest,
        offer: &Offer<'a>,
        around: Option<&str>,
    ) -> Result<Cow<'a, str>, TermsFault> {
        let own = match (offer.resource, offer.resource_with) {
            (Some(resource), _) => Some(Cow::Borrowed(resource)),
            (None, Some(resource_with)) => Some(Cow::Owned(resource_with(request))),
            (None, None) => None,
        };
        let around = around.map(|resource| Cow::Owned(resource.to_owned()));
        let resource = own.or(around).unwrap_or_else(|| match &self.resource_with {
            Some(resource_with) => Cow::Owned((resource_with.0)(request)),
            None => Cow::Borrowed(path(request)),
        });
        if resource.trim().is_empty() {
            let fault = "an empty resource; name what the token is for";
            return Err(TermsFault::Misconfigured(fault));
        }
        if resource.len() > MAX_RESOURCE_BYTES {
            return Err(TermsFault::ResourceTooLong);
        }
        Ok(resource)
    }
}

/// An empty path, as in `GET http://shop.example HTTP/1.1`, is the same as `/` by RFC 3986.
fn path(request: &HttpRequest) -> &str {
    match request.path() {
        "" => "/",
        path => path,
    }
}
