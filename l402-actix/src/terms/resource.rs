//! What a token is bound to.

use std::borrow::Cow;

use actix_web::HttpRequest;

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
            // What a function makes of the request is the client's choice.
            return Err(match offer.resource {
                Some(_) => {
                    TermsFault::Misconfigured("an empty resource; name what the token is for")
                }
                None => TermsFault::Unfit(Unfit::ResourceBlank),
            });
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
