//! What a token is bound to.

use std::borrow::Cow;

use actix_web::{HttpRequest, http::Method};

use super::{
    fault::{TermsFault, Unfit},
    function::computed,
    offer::Offer,
    selectors::Selectors,
};
use crate::tape::Body;

/// The longest resource that is minted for: a macaroon carries it as a caveat, and a credential
/// must fit into one header.
const MAX_RESOURCE_BYTES: usize = 1024;

/// What a token is bought for, where nothing names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResourceBy {
    /// The request's path without its query: `/forecast/berlin`. The default, since it opens the
    /// least.
    #[default]
    Path,
    /// The route's pattern: `/forecast/{city}`, so one token opens all cities, and the broker counts
    /// one resource. The path where the route has no pattern, as under `actix_files::Files`.
    Pattern,
    /// The method and the path: `GET /notes/7`, so a token to read does not delete. `HEAD` counts as
    /// `GET`.
    MethodAndPath,
    /// The method and the pattern: `GET /notes/{id}`.
    MethodAndPattern,
}

impl ResourceBy {
    fn of(self, request: &HttpRequest) -> Cow<'_, str> {
        let place = match self {
            Self::Path | Self::MethodAndPath => Cow::Borrowed(path(request)),
            Self::Pattern | Self::MethodAndPattern => {
                request.match_pattern().map_or(Cow::Borrowed(path(request)), Cow::Owned)
            }
        };
        match self {
            Self::Path | Self::Pattern => place,
            Self::MethodAndPath | Self::MethodAndPattern => {
                let method = match request.method() {
                    &Method::HEAD => &Method::GET,
                    method => method,
                };
                Cow::Owned(format!("{method} {place}"))
            }
        }
    }
}

impl Selectors {
    /// The attribute's resource, else that of the scope around it, if it charges, else the config's
    /// function, else the request's path or what else the config takes. The same at mint and at
    /// verify, so whatever was bought can be presented.
    pub(crate) async fn resource<'a>(
        &self,
        request: &'a HttpRequest,
        offer: &Offer<'a>,
        around: Option<&str>,
        body: &Body,
    ) -> Result<Cow<'a, str>, TermsFault> {
        let resource = match (offer.resource, offer.resource_with, around, &self.resource_with) {
            (Some(resource), ..) => Cow::Borrowed(resource),
            (_, Some(resource_with), ..) => {
                Cow::Owned(computed(resource_with, request, body).await?)
            }
            (_, _, Some(around), _) => Cow::Owned(around.to_owned()),
            (.., Some(resource_with)) => {
                Cow::Owned(computed(&*resource_with.0, request, body).await?)
            }
            (None, None, None, None) => self.resource_by.of(request),
        };
        if resource.trim().is_empty() {
            let fault = "an empty resource; name what the token is for";
            return Err(TermsFault::Misconfigured(fault));
        }
        if resource.len() > MAX_RESOURCE_BYTES {
            return Err(TermsFault::Unfit(Unfit::ResourceTooLong));
        }
        if resource.chars().any(char::is_control) {
            return Err(TermsFault::Unfit(Unfit::ResourceUnprintable));
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
